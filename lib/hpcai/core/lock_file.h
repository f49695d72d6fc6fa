#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace hpcai {

// The process that holds a lock file. The file stores these facts.
struct LockOwner {
  std::string host, boot, pid_namespace;  // `boot`: random id of one start of one kernel
  int64_t process = 0;
  std::string started;  // start time of the process in ticks since the boot; the kernel reuses process numbers

  // Returns the facts about this process.
  static LockOwner self();
  bool operator==(const LockOwner&) const = default;
};

// A lock for file systems without locks: a file that only one program can create. The owner updates the file's time every `beat`.
// The file is stale if its owner ran on this kernel and has ended, or if its time is older than `silence`. A stale file is taken
// over.
class LockFile {
 public:
  struct Timing {
    std::chrono::milliseconds beat{5'000}, silence{30'000};
  };

  // Creates the file. If the owner of an existing file runs on another host, it watches the file for up to `silence`. Throws
  // std::system_error if the file cannot be written, Held if another program holds the lock.
  explicit LockFile(std::filesystem::path path) : LockFile(std::move(path), Timing{}) {}
  LockFile(std::filesystem::path path, Timing timing);
  ~LockFile();  // removes the file
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  struct Held {
    std::optional<LockOwner> owner;  // nothing if the file is unreadable
  };

 private:
  bool create();
  void take_over(const std::optional<LockOwner>& stale);
  bool is_stale(const std::optional<LockOwner>& owner);
  void keep_alive();

  std::filesystem::path path_;
  Timing timing_;
  LockOwner self_;
  std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false;
  std::thread beats_;
};

}  // namespace hpcai
