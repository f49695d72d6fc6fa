#include "hpcai/config/nearest_keys.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "hpcai/config/suggest.h"
#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

// The costs are in the unit of unlikeness(): one typing error costs 1.
constexpr double kWithoutSection = 0.2;   // "lr" for "optimizer.lr"
constexpr double kWrongSection = 1.0;     // "training.lr"
constexpr double kMissingLevel = 0.5;     // "data.scale" for "data.augmentation.scale"
constexpr double kOtherSeparators = 0.1;  // "optimizer_lr"
constexpr double kShownTogether = 1.6;    // a key that costs so much more than the best one is not shown

using Parts = std::pair<std::string_view, std::string_view>;  // the section and the last name

Parts parts_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string without_brackets(std::string path) {
  std::erase_if(path, [](char c) { return c == '[' || c == ']' || is_digit(c); });
  return path;
}

double section_cost(std::string_view written, const std::string& section) {
  if (written == section) return 0;
  if (written.empty()) return kWithoutSection * static_cast<double>(1 + std::ranges::count(section, '.'));
  if (section.starts_with(written) || section.ends_with(written)) return kMissingLevel;
  const auto cost = config::unlikeness(without_brackets(std::string(written)), without_brackets(section));
  return std::min(kWrongSection, cost.value_or(kWrongSection));
}

std::optional<double> cost_of(std::string_view written, const KnownKey& key) {
  const auto [written_section, written_name] = parts_of(written);
  const auto [section, name] = parts_of(key.path);
  auto best = config::unlikeness(written_name, name, key.help);
  const auto take = [&](std::optional<double> cost) {
    if (cost && (!best || *cost < *best)) best = cost;
  };
  if (!key.formerly.empty()) take(config::unlikeness(written_name, key.formerly));
  if (best) *best += section_cost(written_section, std::string(section));
  // The whole path, for dots that are missing or in the wrong place.
  if (auto whole = config::unlikeness(written, key.path)) take(*whole + kOtherSeparators);
  return best;
}

}  // namespace

std::vector<KnownKey> known_keys(const std::vector<Row>& rows) {
  std::vector<KnownKey> keys;
  std::set<std::string_view> paths;
  for (const Row& row : rows) {
    if (!paths.insert(row.path).second) continue;
    keys.push_back({row.path, row.is_type ? std::string_view() : row.key->field.help,
                    row.is_type ? std::string_view() : row.key->field.formerly});
  }
  return keys;
}

std::vector<std::string> nearest_keys(std::string_view written, const std::vector<KnownKey>& keys, size_t most) {
  std::vector<std::pair<double, const KnownKey*>> related;
  for (const KnownKey& key : keys) {
    if (const auto cost = cost_of(written, key)) related.emplace_back(*cost, &key);
  }
  std::ranges::stable_sort(related, {}, &std::pair<double, const KnownKey*>::first);
  std::vector<std::string> nearest;
  for (const auto& [cost, key] : related) {
    if (nearest.size() == most || cost > related.front().first + kShownTogether) break;
    nearest.push_back(key->path);
  }
  return nearest;
}

std::vector<std::string> nearest_names(std::string_view written, const std::vector<std::string>& paths, size_t most) {
  std::vector<KnownKey> keys;
  for (const std::string& path : paths) keys.push_back({path});
  return nearest_keys(written, keys, most);
}

}  // namespace hpcai::config
