#include "hpcai/data/file_pattern.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

bool exists_at(const std::string& name) {
  std::error_code code;
  return std::filesystem::exists(name, code);
}

std::vector<std::string> fitting(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> names;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  std::sort(names.begin(), names.end());
  return names;
}

// The folder's part of a pattern, up to the last '/'.
std::string folder_part(const std::string& pattern) { return pattern.substr(0, pattern.rfind('/') + 1); }

// A pattern in which each [ stands for itself.
std::string with_plain_brackets(const std::string& text) {
  std::string plain;
  for (const char c : text) plain += c == '[' ? std::string("[[]") : std::string(1, c);
  return plain;
}

// What may have been meant by a pattern that no file fits.
std::string remedy_for(const std::string& pattern) {
  const std::string folder = folder_part(pattern), plain = with_plain_brackets(folder) + pattern.substr(folder.size());
  if (plain != pattern && exists_at(folder)) {
    return fmt::format("[ starts a set of characters. The name of the folder is meant by {}.", printable(plain));
  }
  if (pattern.find('{') != std::string::npos) {
    return "Braces are no part of patterns: write * for any text, ? for one character, and [12] for one of several.";
  }
  if (pattern.find(',') != std::string::npos) return "One pattern stands for several files; a list of names is none.";
  return "Check the folder and the pattern.";
}

}  // namespace

std::vector<std::string> files_of(const std::string& pattern) {
  const bool is_pattern = pattern.find_first_of("*?[") != std::string::npos;
  if (exists_at(pattern)) return {pattern};
  if (!is_pattern) {
    if (pattern.find_first_of("{,") == std::string::npos) return {pattern};
    throw Error(ExitCode::missing_input, "there is no file " + printable(pattern), remedy_for(pattern));
  }
  std::vector<std::string> names = fitting(pattern);
  if (const size_t colon = pattern.rfind(':'); names.empty() && colon != std::string::npos) {
    names = fitting(pattern.substr(0, colon));
    for (std::string& name : names) name += pattern.substr(colon);
  }
  if (names.empty()) {
    throw Error(ExitCode::missing_input, "no file has a name like " + printable(pattern), remedy_for(pattern));
  }
  return names;
}

}  // namespace hpcai::data
