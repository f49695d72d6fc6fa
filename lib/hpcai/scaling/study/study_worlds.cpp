#include "hpcai/scaling/study/study_worlds.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"

namespace hpcai::scaling {

std::vector<int> parse_worlds(const std::string& text, std::vector<std::string>& problems) {
  std::vector<int> worlds;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view word = trim(part);
    const auto world = parse_number<int>(word);
    if (!world) {
      problems.push_back(fmt::format("--world: '{}' is not a number of ranks", printable(word)));
    } else if (*world < 1 || *world > kMostRanks) {
      problems.push_back(fmt::format("--world: {} ranks; it must be between 1 and {}", *world, kMostRanks));
    } else if (std::ranges::find(worlds, *world) != worlds.end()) {
      problems.push_back(fmt::format("--world: {} is named twice", *world));
    } else {
      worlds.push_back(*world);
    }
  }
  std::ranges::sort(worlds);
  return worlds;
}

}  // namespace hpcai::scaling
