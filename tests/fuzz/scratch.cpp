#include <stdlib.h>

#include <filesystem>

#include "hpcai/core/error.h"
#include "target.h"

namespace fuzz {

namespace fs = std::filesystem;
using namespace hpcai;

const std::string& scratch() {
  static std::string path;
  if (!path.empty()) return path;
  path = (fs::temp_directory_path() / "hpcai-fuzz-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw Error(ExitCode::cannot_write, "cannot make the folder " + path);
  return path;
}

void remove_scratch() {
  std::error_code ignored;
  fs::remove_all(scratch(), ignored);
}

}  // namespace fuzz
