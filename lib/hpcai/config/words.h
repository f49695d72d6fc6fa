#pragma once

#include <string>
#include <string_view>
#include <vector>

// Small text helpers of the config module.
namespace hpcai::config {

// "a, b or c"
std::string join_or(const std::vector<std::string>& words);

// Text of a user, fit for a message: one line, no control characters, at most 60 characters.
std::string shown(std::string_view text);

// Lines of at most `width` code points, broken at spaces where there are any.
std::vector<std::string> wrap(std::string_view text, size_t width);

std::string join_path(const std::string& section, std::string_view name);

}  // namespace hpcai::config
