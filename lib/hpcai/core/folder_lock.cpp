#include "hpcai/core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::string& what, const std::string& remedy) {
  descriptor_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0 || flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  close(std::exchange(descriptor_, -1));
  if (error != EWOULDBLOCK) return;
  throw Error(ExitCode::usage, fmt::format("the {} {} is in use by another program", what, printable(folder)), remedy);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace hpcai
