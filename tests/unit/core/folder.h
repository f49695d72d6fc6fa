#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hpcai {

// An empty folder that is removed at the end of the test.
struct Folder {
  std::filesystem::path path;

  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hpcai-core-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code code;
    std::filesystem::remove_all(path, code);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path file() const { return path / "file"; }
};

}  // namespace hpcai
