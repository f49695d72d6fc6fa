#pragma once

#include <ctime>
#include <string>

namespace hpcai {

// Returns a time in UTC as text, such as "2026-01-31T23:59:00Z".
std::string utc_text(std::time_t time);

}  // namespace hpcai
