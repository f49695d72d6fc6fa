#pragma once

#include <string>
#include <string_view>

#include "hpcai/config/problems.h"

// What is looked at in the bytes of a config before or beside yaml-cpp.
namespace hpcai::config {

// The text with one kind of line end and no byte order mark.
std::string normalised(std::string_view text);

// False, and reported, if the text is not UTF-8, holds control characters or a YAML directive.
bool check_bytes(const std::string& text, const Place& source, Problems& problems);

// Whether a scalar that starts at byte `position`, after its anchor if it has one, is a quoted one without an end.
bool is_open_quote(const std::string& text, size_t position);

// Whether the word `key` stands at byte `position` with no colon after it: yaml-cpp 0.7 takes that for `key: null`.
bool is_key_without_colon(const std::string& text, size_t position, const std::string& key);

// Line `number`, counted from 0.
std::string line_of(const std::string& text, int number);

}  // namespace hpcai::config
