#pragma once

#include <string>
#include <string_view>

#include "hpcai/config/problems.h"

// Checks of the bytes of a config, which yaml-cpp does not make.
namespace hpcai::config {

// Returns the text with one kind of line end and without a byte order mark.
std::string normalised(std::string_view text);

// Returns false, and reports the problem, if the text is not UTF-8 or holds control characters or a YAML directive.
bool check_bytes(const std::string& text, const Place& source, Problems& problems);

// Whether a scalar at byte `position`, after its anchor if it has one, is a quoted one without an end.
bool is_open_quote(const std::string& text, size_t position);

// Whether the word `key` stands at byte `position` without a colon behind it. yaml-cpp 0.7 reads that as `key: null`.
bool is_key_without_colon(const std::string& text, size_t position, const std::string& key);

// Returns line `number`, counted from 0.
std::string line_of(const std::string& text, int number);

}  // namespace hpcai::config
