#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hpcai {

// Returns the number of bytes of the valid UTF-8 sequence (RFC 3629) at the start of `text`; 0 if there is none.
size_t utf8_length(std::string_view text);

// Returns the position of the first byte that is not part of valid UTF-8; nothing if there is none.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// Returns the number of code points of a valid UTF-8 text. For most scripts it is the width of the text in a table.
size_t code_points(std::string_view text);

// Returns the number of bytes of the first `count` code points. A byte that is not part of valid UTF-8 counts as one.
size_t bytes_of_first(std::string_view text, size_t count);

// Appends a code point to a UTF-8 text; U+FFFD for a number that is none.
void append_utf8(std::string& text, uint32_t point);

}  // namespace hpcai
