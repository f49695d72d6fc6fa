#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hpcai/core/lock_file.h"

namespace hpcai {

// The file in a folder that a FolderLock may need.
inline constexpr const char* kLockName = ".hpcai-lock";

// Keeps other programs out of a folder while it lives: by an advisory lock on the folder itself, which leaves nothing behind
// when the process dies; where the file system has none for folders, as over NFS, on a file in it; where it has none at all,
// by a LockFile.
class FolderLock {
 public:
  FolderLock() = default;  // locks nothing
  // Throws Error{usage} if another program holds it: "the <what> <folder> is in use by another program", with `remedy`.
  // Where none of the three works, nothing is locked, and a warning says so.
  FolderLock(const std::filesystem::path& folder, const std::string& what, const std::string& remedy);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  int descriptor_ = -1;
  std::unique_ptr<LockFile> file_;
};

}  // namespace hpcai
