#pragma once

#include <filesystem>
#include <string>

namespace hpcai {

// Keeps other programs out of a folder while it lives. An advisory lock on the folder itself, which leaves nothing behind
// when the process dies.
class FolderLock {
 public:
  FolderLock() = default;  // locks nothing
  // Throws Error{usage} if another program holds it: "the <what> <folder> is in use by another program", with `remedy`.
  // Where the file system knows no locks, nothing is locked.
  FolderLock(const std::filesystem::path& folder, const std::string& what, const std::string& remedy);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

}  // namespace hpcai
