#include "hpcai/core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

// Opens `path` into `descriptor` and locks it. Returns what try_lock() returns, or the errno of open().
int lock(const std::filesystem::path& path, int flags, int& descriptor) {
  descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) return errno;
  const int error = try_lock(descriptor);
  if (error == 0) return 0;
  close(std::exchange(descriptor, -1));
  return error;
}

// Whether a lock on a file may work although the lock on the folder failed. A lock over NFS needs a file that is open for
// writing.
bool files_may_lock(int error) { return error != ENOLCK && error != ENOSYS && error != EOPNOTSUPP; }

// Removes the empty file of a failed lock(), which would look like a lock.
void remove_if_empty(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) == 0 && status.st_size == 0) unlink(file.c_str());
}

std::string describe(const LockFile::Held& held) {
  if (!held.owner) return "another program";
  return fmt::format("process {} on {}", held.owner->process, printable(held.owner->host));
}

}  // namespace

int try_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno; }

FolderLock::FolderLock(const std::filesystem::path& folder, const std::string& what, const std::string& remedy) {
  const auto refuse = [&](const std::string& by) {
    throw Error(ExitCode::usage, fmt::format("the {} {} is in use by {}", what, printable(folder), by), remedy);
  };
  const auto file = folder / kLockName;
  int error = lock(folder, O_RDONLY | O_DIRECTORY, descriptor_);
  if (error != 0 && error != EWOULDBLOCK && files_may_lock(error)) error = lock(file, O_RDWR | O_CREAT, descriptor_);
  if (error == 0) return;
  if (error == EWOULDBLOCK) refuse("another program");
  remove_if_empty(file);
  try {
    file_ = std::make_unique<LockFile>(file);
  } catch (const LockFile::Held& held) {
    refuse(describe(held));
  } catch (const std::system_error& e) {
    log::warning("{} cannot be locked ({}): nothing protects it from a second program", printable(folder), e.code().message());
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), file_(std::move(other.file_)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(file_, other.file_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace hpcai
