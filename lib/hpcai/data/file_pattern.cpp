#include "hpcai/data/file_pattern.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::data {

std::vector<std::string> files_of(const std::string& pattern) {
  std::error_code code;
  if (pattern.find_first_of("*?[") == std::string::npos || std::filesystem::exists(pattern, code)) return {pattern};
  glob_t found{};
  const int status = glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> names;
  if (status == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (names.empty()) {
    throw Error(ExitCode::missing_input, "no file has a name like " + printable(pattern), "Check the folder and the pattern.");
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace hpcai::data
