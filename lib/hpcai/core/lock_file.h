#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace hpcai {

// A process that holds a lock file, as the file names it.
struct LockOwner {
  std::string host, boot, pid_namespace;  // `boot`: random, of one start of one kernel
  int64_t process = 0;
  std::string started;  // of the process, in ticks since the boot: process numbers are used again

  static LockOwner self();
  bool operator==(const LockOwner&) const = default;
};

// A lock for file systems that know none: a file that only one program can create. The owner touches it every `beat`. It is
// stale if its owner is of this kernel and has ended, or if nobody has touched it for `silence`; then it is taken over.
class LockFile {
 public:
  struct Timing {
    std::chrono::milliseconds beat{5'000}, silence{30'000};
  };

  // Where the owner runs on another host, watches the file for up to `silence`. Throws std::system_error if the file cannot
  // be written, and Held if another program holds the lock.
  explicit LockFile(std::filesystem::path path) : LockFile(std::move(path), Timing{}) {}
  LockFile(std::filesystem::path path, Timing timing);
  ~LockFile();  // removes the file
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  struct Held {
    std::optional<LockOwner> owner;  // nothing if the file does not say
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
