#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hpcai/core/lock_file.h"

namespace hpcai {

// The name of the lock file that a FolderLock may create in the folder.
inline constexpr const char* kLockName = ".hpcai-lock";

// Takes an advisory lock on an open file, which ends when the last copy of the descriptor is closed. Returns 0 or the errno;
// EWOULDBLOCK means that another program holds the lock.
int try_lock(int descriptor);

// Locks a folder against other programs for its lifetime. It uses the first of three methods that the file system supports: an
// advisory lock on the folder, which ends with the process; an advisory lock on a file in the folder, for NFS; a LockFile.
class FolderLock {
 public:
  FolderLock() = default;  // locks nothing
  // Throws Error{usage} if another program holds the lock: "the <what> <folder> is in use by another program", with `remedy`. If
  // none of the three methods works, it locks nothing and logs a warning.
  FolderLock(const std::filesystem::path& folder, const std::string& what, const std::string& remedy);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  int descriptor_ = -1;
  std::unique_ptr<LockFile> file_;
};

}  // namespace hpcai
