#include "hpcai/core/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "hpcai/core/attempts.h"
#include "hpcai/core/file.h"

namespace hpcai {

using Clock = std::chrono::steady_clock;

AppendFile::AppendFile(std::filesystem::path path, size_t most_pending) : path_(std::move(path)), most_pending_(most_pending) {
  const int error = attempt([&] { return reopen() ? 0 : errno; });
  if (error != 0) fail_to_write("write", path_, error);
}

AppendFile::~AppendFile() {
  flush();
  close(descriptor_);
}

// Opens the file again. Keeps the old descriptor if that fails.
bool AppendFile::reopen() {
  const int opened = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (opened < 0) return false;
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = opened;
  return true;
}

int AppendFile::append(std::string_view lines) {
  if (pending_.size() + lines.size() > most_pending_) {
    lost_ += static_cast<size_t>(std::ranges::count(lines, '\n'));
  } else {
    pending_ += lines;
  }
  if (error_ != 0 && Clock::now() < next_try_) return error_;
  return flush();
}

int AppendFile::flush() {
  if (pending_.empty()) return error_ = 0;
  error_ = write_pending();
  if (error_ == ESTALE && reopen()) error_ = write_pending();  // a network file system no longer knows the descriptor
  if (error_ != 0) next_try_ = Clock::now() + std::chrono::seconds(1);
  return error_;
}

int AppendFile::write_pending() {
  size_t done = 0;
  int error = 0;
  while (done < pending_.size() && error == 0) {
    const ssize_t written = write(descriptor_, pending_.data() + done, pending_.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  pending_.erase(0, done);
  return error;
}

}  // namespace hpcai
