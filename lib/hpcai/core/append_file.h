#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hpcai {

// A file of lines that only grows, for records that must not end a run: what cannot be written is kept in memory and
// written before the next lines. Not for several threads.
class AppendFile {
 public:
  // Throws Error{cannot_write} if the file cannot be opened. Beyond `most_pending` bytes that could not be written, further
  // lines are lost.
  explicit AppendFile(std::filesystem::path path, size_t most_pending = size_t{64} << 20);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Hands whole lines to the system at once, so that they survive the death of this process. After a failure the next
  // attempt is made a second later at the earliest. Returns 0, or the errno for which lines still wait.
  int append(std::string_view lines);
  // Tries now to write what waits. Returns 0 or the errno.
  int flush();
  // Makes the file durable as well.
  int sync();

  size_t pending() const { return pending_.size(); }  // bytes that could not be written yet
  size_t lost() const { return lost_; }               // lines, see most_pending
  const std::filesystem::path& path() const { return path_; }

 private:
  int write_pending();
  bool reopen();

  std::filesystem::path path_;
  size_t most_pending_;
  int descriptor_ = -1;
  std::string pending_;
  size_t lost_ = 0;
  int error_ = 0;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace hpcai
