#pragma once

#include <ctime>
#include <optional>
#include <string>

namespace hpcai {

// Returns a time in UTC as text, such as "2026-01-31T23:59:00Z".
std::string utc_text(std::time_t time);

// Returns the time that such a text states; nothing for another text.
std::optional<std::time_t> parse_utc(const std::string& text);

}  // namespace hpcai
