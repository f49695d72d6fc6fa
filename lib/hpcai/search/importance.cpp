#include "hpcai/search/importance.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace hpcai::search {
namespace {

constexpr size_t kMostGroups = 4;

// Ranks from 1; equal values share their mean rank.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = (static_cast<double>(begin + end) + 1) / 2;
  }
  return ranks;
}

std::vector<size_t> groups_of_choice(const std::vector<Values>& column) {
  std::map<std::string, size_t> names;
  std::vector<size_t> group;
  for (const Values& value : column) group.push_back(names.emplace(value.get<std::string>(), names.size()).first->second);
  return group;
}

// Equal values are in the same group.
std::vector<size_t> groups_of_numbers(const std::vector<Values>& column) {
  std::vector<double> values;
  for (const Values& value : column) values.push_back(value.get<double>());
  const auto ranks = ranks_of(values);
  std::vector<size_t> group;
  for (const double rank : ranks)
    group.push_back(static_cast<size_t>((rank - 0.5) / static_cast<double>(values.size()) * static_cast<double>(kMostGroups)));
  return group;
}

}  // namespace

double explained_share(const std::vector<double>& values, const std::vector<size_t>& group) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  std::map<size_t, std::pair<double, double>> sums;  // count, sum
  double total = 0, between = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    auto& [count, sum] = sums[group[i]];
    count += 1;
    sum += values[i];
    total += (values[i] - mean) * (values[i] - mean);
  }
  for (const auto& [name, part] : sums) {
    const double offset = part.second / part.first - mean;
    between += part.first * offset * offset;
  }
  const auto groups = static_cast<double>(sums.size());
  if (total <= 0 || n <= groups) return 0;
  return std::max(0.0, 1 - (1 - between / total) * (n - 1) / (n - groups));
}

std::vector<double> importance_of(const Space& space, const std::vector<Trial>& trials) {
  std::vector<double> values;
  std::vector<const Trial*> used;
  for (const Trial& trial : trials) {
    if (trial.results.empty() || trial.results.front().failed) continue;
    values.push_back(trial.results.front().value);
    used.push_back(&trial);
  }
  if (used.size() < kFewestForImportance) return {};
  const auto ranks = ranks_of(values);
  std::vector<double> shares;
  for (const Parameter& parameter : space.parameters) {
    std::vector<Values> column;
    for (const Trial* trial : used) column.push_back(trial->parameters.at(parameter.key));
    const bool choice = std::holds_alternative<ChoiceParameter>(parameter);
    shares.push_back(explained_share(ranks, choice ? groups_of_choice(column) : groups_of_numbers(column)));
  }
  return shares;
}

}  // namespace hpcai::search
