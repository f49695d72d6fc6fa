#include "hpcai/distributed/world/host_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {
namespace {

constexpr size_t kMostHosts = 1'000'000;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ExitCode::usage, fmt::format("host list \"{}\": {}", printable(text, 200), why),
              "A host list looks like node[01-04,7],login; Slurm gives it in SLURM_STEP_NODELIST.");
}

uint64_t number(std::string_view digits, std::string_view list) {
  const auto value = parse_number<uint64_t>(digits);
  if (!value) refuse(list, fmt::format("\"{}\" is not a number", printable(digits, 60)));
  return *value;
}

// Expands "01-03,7" to 01 02 03 7. The numbers of a range have the width of its first number.
std::vector<std::string> expand_ranges(std::string_view ranges, std::string_view list) {
  std::vector<std::string> numbers;
  for (std::string_view range : split(ranges, ',')) {
    const size_t dash = range.find('-');
    const std::string_view low = range.substr(0, dash);
    const std::string_view high = dash == range.npos ? low : range.substr(dash + 1);
    const uint64_t first = number(low, list), last = number(high, list);
    if (last < first) refuse(list, fmt::format("the range {} runs backwards", range));
    if (last - first >= kMostHosts) refuse(list, fmt::format("the range {} is too long", range));
    for (uint64_t i = first; i <= last; ++i) numbers.push_back(fmt::format("{:0{}}", i, low.size()));
  }
  return numbers;
}

// Expands one element of the list, such as r[1-2]c[0-1]-ib. The last bracket varies fastest.
std::vector<std::string> expand_element(std::string_view element, std::string_view list) {
  std::vector<std::string> hosts{""};
  while (!element.empty()) {
    const size_t open = element.find('[');
    const std::string_view plain = element.substr(0, open);
    if (plain.find(']') != plain.npos) refuse(list, "a ] without its [");
    for (std::string& host : hosts) host += plain;
    if (open == element.npos) break;
    const size_t close = element.find(']', open);
    if (close == element.npos) refuse(list, "a [ without its ]");
    const auto numbers = expand_ranges(element.substr(open + 1, close - open - 1), list);
    if (hosts.size() * numbers.size() > kMostHosts) refuse(list, "more than a million hosts");
    std::vector<std::string> longer;
    for (const std::string& host : hosts) {
      for (const std::string& n : numbers) longer.push_back(host + n);
    }
    hosts = std::move(longer);
    element.remove_prefix(close + 1);
  }
  return hosts;
}

}  // namespace

std::vector<std::string> expand_host_list(std::string_view text) {
  std::vector<std::string> hosts;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[' && ++depth > 1) refuse(text, "a [ inside a [");
    if (i < text.size() && text[i] == ']') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (i == start) refuse(text, "a host without a name");
    for (std::string& host : expand_element(text.substr(start, i - start), text)) hosts.push_back(std::move(host));
    if (hosts.size() > kMostHosts) refuse(text, "more than a million hosts");
    start = i + 1;
  }
  return hosts;
}

}  // namespace hpcai::distributed
