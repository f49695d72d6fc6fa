#pragma once

#include <sys/types.h>

#include <filesystem>

namespace hpcai {

// A folder that is known by its identity on the file system. Its path may later lead to nothing or to another folder, because
// somebody has moved, removed or replaced the folder.
class KnownFolder {
 public:
  // Throws Error{cannot_write} if there is no folder at the path.
  explicit KnownFolder(std::filesystem::path path);

  // Whether the path still leads to the folder. It is true, too, if the system cannot tell: the caller then writes, and learns
  // the system's reason from that.
  bool in_place() const;

 private:
  std::filesystem::path path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace hpcai
