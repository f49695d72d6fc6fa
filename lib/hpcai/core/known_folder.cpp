#include "hpcai/core/known_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "hpcai/core/attempts.h"
#include "hpcai/core/file.h"

namespace hpcai {
KnownFolder::KnownFolder(std::filesystem::path path) : path_(std::move(path)) {
  struct stat status {};
  const int error = attempt([&] { return stat(path_.c_str(), &status) == 0 ? 0 : errno; });
  if (error != 0) fail_to_write("look at the folder", path_, error);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

bool KnownFolder::in_place() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return errno != ENOENT && errno != ENOTDIR;
  return status.st_dev == device_ && status.st_ino == inode_;
}

}  // namespace hpcai
