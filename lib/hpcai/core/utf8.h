#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hpcai {

// Bytes of the valid UTF-8 sequence (RFC 3629) at the start of `text`; 0 if there is none, also for an empty text.
size_t utf8_length(std::string_view text);

// Position of the first byte that is not part of valid UTF-8.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// Code points of a valid UTF-8 text: its width in a table, for most scripts.
size_t code_points(std::string_view text);

// Bytes of the first `count` code points; a byte that is not part of valid UTF-8 counts as one.
size_t bytes_of_first(std::string_view text, size_t count);

}  // namespace hpcai
