#include "hpcai/data/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"
#include "hpcai/data/stage_clock.h"

namespace hpcai::data {
namespace {

constexpr const char* kCheckPath = "Check the path; relative paths start where the program was started.";

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void refuse_kind(const std::string& path, mode_t mode) {
  throw Error(ExitCode::missing_input, fmt::format("{} is {}, not a file", printable(path), kind_of(mode)), kCheckPath);
}

const char* remedy_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM: return "Check the permissions on the file and on the folders above it.";
    case EIO:
    case ESTALE:
    case ETIMEDOUT: return "The disk or the file server failed: read a copy in another place.";
    default: return kCheckPath;
  }
}

[[noreturn]] void fail_reading(const std::string& path, int error) {
  const std::string what = "cannot read " + printable(path);
  if (is_open_file_limit(error)) throw open_file_limit(what, error);
  throw Error(ExitCode::missing_input, fmt::format("{}: {}", what, std::strerror(error)), remedy_for(error));
}

}  // namespace

RegularFile::RegularFile(const std::string& path) : path_(path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) fail_reading(path, errno);
  if (!S_ISREG(status.st_mode)) refuse_kind(path, status.st_mode);
  // Lest another kind of file has come there by now: to open a named pipe would wait for a writer.
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd_ < 0) fail_reading(path, errno);
  if (fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd_);
    refuse_kind(path, status.st_mode);
  }
  bytes_ = status.st_size;
}

RegularFile::~RegularFile() { close(fd_); }

bool RegularFile::has_shrunk() const {
  struct stat status {};
  return fstat(fd_, &status) == 0 && status.st_size < bytes_;
}

size_t RegularFile::read_at(uint64_t at, void* out, size_t count) const {
  const ScopedStage stage(Stage::read, static_cast<int64_t>(count));
  size_t done = 0;
  while (done < count) {
    const ssize_t got = pread(fd_, static_cast<char*>(out) + done, count - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_reading(path_, errno);
    if (got == 0) break;  // the file ends here
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string RegularFile::read_start(size_t most, std::string memory) const {
  const size_t size = std::min(most, static_cast<size_t>(bytes_));
  if (size > memory.capacity()) memory.clear();  // else resize() would copy what the memory holds
  memory.resize(size);
  memory.resize(read_at(0, memory.data(), memory.size()));  // shorter if the file has shrunk
  return memory;
}

std::string read_regular_file(const std::string& path, size_t limit, std::string memory) {
  const RegularFile file(path);
  if (static_cast<uint64_t>(file.bytes()) > limit) {
    throw Error(ExitCode::bad_data, fmt::format("{} is larger than the allowed {} bytes", printable(path), limit));
  }
  return file.read_start(limit, std::move(memory));
}

}  // namespace hpcai::data
