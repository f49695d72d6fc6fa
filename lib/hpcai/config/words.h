#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small text helpers of the config module.
namespace hpcai::config {

// "a, b or c"
std::string join_or(const std::vector<std::string>& words);

// Text of a user, fit for a message: one line, no control characters, at most 60 characters.
std::string shown(std::string_view text);

// Position of the first byte that is not part of valid UTF-8.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// Code points.
size_t text_width(std::string_view text);

// Lines of at most `width` code points, broken at spaces where there are any.
std::vector<std::string> wrap(std::string_view text, size_t width);

std::string join_path(const std::string& section, std::string_view name);

}  // namespace hpcai::config
