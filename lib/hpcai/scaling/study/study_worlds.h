#pragma once

#include <string>
#include <vector>

namespace hpcai::scaling {

inline constexpr int kMostRanks = 1 << 20;

// Reads "1,2,4"; returns the numbers, rising. Adds what is wrong with the list to `problems`.
std::vector<int> parse_worlds(const std::string& text, std::vector<std::string>& problems);

}  // namespace hpcai::scaling
