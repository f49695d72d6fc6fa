#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hpcai {

// A file of lines that only grows, for records whose failure must not end a run. Lines that cannot be written stay in memory and
// are written before the next lines. Not for concurrent use.
class AppendFile {
 public:
  // Opens the file for appending. Throws Error{cannot_write} if that fails. The object keeps at most `most_pending` bytes of
  // unwritten lines; it discards further lines.
  explicit AppendFile(std::filesystem::path path, size_t most_pending = size_t{64} << 20);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Hands whole lines to the kernel at once, so they survive the death of this process. After a failure the next attempt follows
  // a second later at the earliest. Returns 0, or the errno that keeps lines in memory.
  int append(std::string_view lines);
  // Writes the lines in memory now. Returns 0 or the errno.
  int flush();

  size_t pending() const { return pending_.size(); }  // bytes in memory that are not yet written
  size_t lost() const { return lost_; }               // number of discarded lines, see most_pending
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
