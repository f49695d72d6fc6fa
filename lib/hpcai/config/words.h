#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text functions of the config module.
namespace hpcai::config {

// Returns "a, b or c".
std::string join_or(const std::vector<std::string>& words);

// Returns a user's text for a message: one line without control characters, at most 60 characters.
std::string shown(std::string_view text);

// Returns lines of at most `width` code points, broken at spaces if there are any.
std::vector<std::string> wrap(std::string_view text, size_t width);

// Returns "section.name", or `name` alone if `section` is empty.
std::string join_path(const std::string& section, std::string_view name);

}  // namespace hpcai::config
