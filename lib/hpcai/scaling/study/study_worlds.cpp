#include "hpcai/scaling/study/study_worlds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace hpcai::scaling {
namespace {

std::string trimmed(std::string text) {
  const char* blanks = " \t";
  text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
  text.erase(text.find_last_not_of(blanks) + 1);
  return text;
}

std::optional<int> whole_number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<int> parse_worlds(const std::string& text, std::vector<std::string>& problems) {
  std::vector<int> worlds;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = trimmed(text.substr(begin, end - begin));
    begin = end + 1;
    const auto world = whole_number(word);
    if (!world) {
      problems.push_back(fmt::format("--world: '{}' is not a number of ranks", word));
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
