#pragma once

#include <string>
#include <vector>

namespace hpcai::scaling {

inline constexpr int kMostRanks = 1 << 20;

// Reads a list of numbers of ranks such as "1,2,4". Returns the valid numbers, rising. Adds a text to `problems` for each other.
std::vector<int> parse_worlds(const std::string& text, std::vector<std::string>& problems);

}  // namespace hpcai::scaling
