#include "hpcai/data/file_pattern.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"

namespace hpcai::data {

namespace {

// The first folder that could not be listed, and why. glob() calls a plain function, so it is stored here.
thread_local std::string unread_folder;
thread_local int unread_reason;

extern "C" int note_unread(const char* folder, int error) {
  if (error == ENOENT || error == ENOTDIR || unread_reason != 0) return 0;
  unread_folder = folder;
  unread_reason = error;
  return 0;
}

}  // namespace

std::vector<std::string> files_of(const std::string& pattern) {
  std::error_code code;
  if (pattern.find_first_of("*?[") == std::string::npos || std::filesystem::exists(pattern, code)) return {pattern};
  glob_t found{};
  unread_reason = 0;
  const int status = glob(pattern.c_str(), GLOB_NOSORT, note_unread, &found);
  std::vector<std::string> names;
  if (status == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (unread_reason != 0) {
    const std::string what = fmt::format("cannot list the folder {} of {}", printable(unread_folder), printable(pattern));
    if (is_open_file_limit(unread_reason)) throw open_file_limit(what, unread_reason);
    throw Error(ExitCode::missing_input, fmt::format("{}: {}", what, std::strerror(unread_reason)),
                "Check the permissions on the folder. A pattern needs the right to list it.");
  }
  if (names.empty()) {
    throw Error(ExitCode::missing_input, "no file has a name like " + printable(pattern), "Check the folder and the pattern.");
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace hpcai::data
