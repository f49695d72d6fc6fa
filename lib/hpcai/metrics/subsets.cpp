#include "hpcai/metrics/subsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/metrics/overlap.h"

namespace hpcai::metrics {
namespace {

constexpr size_t kMostNumbers = 8, kMostTexts = 50;

template <class Value>
using Rows = std::map<Value, std::vector<int64_t>>;

// The numbers that the texts are; nothing if one of them is none.
std::optional<Rows<double>> as_numbers(const Rows<std::string>& texts) {
  Rows<double> numbers;
  for (const auto& [text, rows] : texts) {
    const auto number = parse_number<double>(text);
    if (!number) return std::nullopt;
    auto& all = numbers[*number];
    all.insert(all.end(), rows.begin(), rows.end());
  }
  for (auto& [number, rows] : numbers) std::ranges::sort(rows);
  return numbers;
}

std::vector<Subset> quartiles_of(const Rows<double>& numbers) {
  std::vector<double> sorted;
  for (const auto& [number, rows] : numbers) sorted.insert(sorted.end(), rows.size(), number);
  const std::array cuts = {quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75), sorted.back()};
  std::vector<Subset> subsets(cuts.size());
  std::array<double, 4> lowest{}, highest{};
  for (const auto& [number, rows] : numbers) {
    const auto q = static_cast<size_t>(std::ranges::lower_bound(cuts, number) - cuts.begin());
    auto& own = subsets[q].rows;
    if (own.empty()) lowest[q] = number;
    highest[q] = number;
    own.insert(own.end(), rows.begin(), rows.end());
  }
  for (size_t q = 0; q < subsets.size(); ++q) {
    subsets[q].value = fmt::format("{:.6g} to {:.6g}", lowest[q], highest[q]);
    std::ranges::sort(subsets[q].rows);
  }
  std::erase_if(subsets, [](const Subset& subset) { return subset.rows.empty(); });
  return subsets;
}

}  // namespace

std::vector<Subset> subsets_of(const std::vector<std::string>& values, const std::string& column) {
  Rows<std::string> texts;
  std::vector<int64_t> missing;
  for (size_t i = 0; i < values.size(); ++i) {
    (values[i].empty() ? missing : texts[values[i]]).push_back(static_cast<int64_t>(i));
  }
  std::vector<Subset> subsets;
  const auto numbers = as_numbers(texts);
  if (numbers && numbers->size() > kMostNumbers) {
    subsets = quartiles_of(*numbers);
  } else if (numbers) {
    for (const auto& [number, rows] : *numbers) subsets.push_back({values[static_cast<size_t>(rows[0])], rows});
  } else if (texts.size() > kMostTexts) {
    throw Error(ExitCode::usage, fmt::format("--by {}: the column has {} different texts", printable(column, 60), texts.size()),
                fmt::format("Choose a column of numbers, or of at most {} texts.", kMostTexts));
  } else {
    for (const auto& [text, rows] : texts) subsets.push_back({text, rows});
  }
  if (!missing.empty()) subsets.push_back({"(missing)", missing});
  return subsets;
}

}  // namespace hpcai::metrics
