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

bool exists_at(const std::string& name) {
  std::error_code code;
  return std::filesystem::exists(name, code);
}

std::vector<std::string> fitting(const std::string& pattern) {
  glob_t found{};
  unread_reason = 0;
  std::vector<std::string> names;
  if (glob(pattern.c_str(), GLOB_NOSORT, note_unread, &found) == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (unread_reason != 0) {
    const std::string what = fmt::format("cannot list the folder {} of {}", printable(unread_folder), printable(pattern));
    if (is_open_file_limit(unread_reason)) throw open_file_limit(what, unread_reason);
    throw Error(ExitCode::missing_input, fmt::format("{}: {}", what, std::strerror(unread_reason)),
                "Check the permissions on the folder. A pattern needs the right to list it.");
  }
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
  if (exists_at(pattern) || exists_at(pattern.substr(0, pattern.rfind(':')))) return {pattern};  // a file, or FILE:GROUP
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
