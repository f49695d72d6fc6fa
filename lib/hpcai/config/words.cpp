#include "hpcai/config/words.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::config {
std::string join_or(const std::vector<std::string>& words) { return join_words(words, "or"); }

std::string shown(std::string_view text) {
  constexpr size_t kMaxShown = 60;
  return printable(text, kMaxShown);
}

std::vector<std::string> wrap(std::string_view text, size_t width) {
  width = std::max<size_t>(width, 1);
  std::vector<std::string> lines;
  while (code_points(text) > width) {
    const size_t fitting = bytes_of_first(text, width);
    const size_t space = text.substr(0, fitting + 1).rfind(' ');
    const bool at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(text.substr(0, at_space ? space : fitting));
    text.remove_prefix(at_space ? space + 1 : fitting);
  }
  lines.emplace_back(text);
  return lines;
}

std::string join_path(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

}  // namespace hpcai::config
