#include "hpcai/config/nearest_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "hpcai/config/suggest.h"
#include "hpcai/config/words.h"
#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

// The costs are in the unit of unlikeness(): one typing error costs 1.
constexpr double kWithoutSection = 0.2;   // "lr" for "optimizer.lr"
constexpr double kWrongSection = 1.0;     // "training.lr"
constexpr double kMissingLevel = 0.5;     // "data.scale" for "data.augmentation.scale"
constexpr double kOtherSeparators = 0.1;  // "optimizer_lr"
constexpr double kMostOfWhole = 2;        // whole paths are alike by typing errors alone: they often share a word
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

// A written path. Whole paths are compared only if its section is none of the program, because a section that is shared makes any
// two paths alike.
struct Written {
  std::string_view whole, section, name;
  bool has_known_section = false;
};

Written written_path(std::string_view path, const std::vector<KnownKey>& keys) {
  const auto [section, name] = parts_of(path);
  const auto in_section = [&](const KnownKey& key) { return parts_of(key.path).first == section; };
  return {path, section, name, !section.empty() && std::ranges::any_of(keys, in_section)};
}

std::optional<double> cost_of(const Written& written, const KnownKey& key) {
  const auto [section, name] = parts_of(key.path);
  auto best = config::unlikeness(written.name, name, key.help);
  const auto take = [&](std::optional<double> cost) {
    if (cost && (!best || *cost < *best)) best = cost;
  };
  if (!key.formerly.empty()) take(config::unlikeness(written.name, key.formerly));
  if (best) *best += section_cost(written.section, std::string(section));
  // Dots may be missing or in the wrong place. A section around what is written is no answer.
  const bool is_around = written.whole.starts_with(key.path + '.');
  if (const bool compares_whole = !written.has_known_section && !is_around; compares_whole) {
    const auto whole = config::unlikeness(written.whole, key.path);
    if (whole && *whole <= kMostOfWhole) take(*whole + kOtherSeparators);
  }
  if (best) *best += key.handicap;
  return best;
}

}  // namespace

KnownKey known_key(const Row& row) {
  if (row.is_type) return {.path = row.path};
  return {.path = row.path, .help = row.key->field.help, .formerly = row.key->field.formerly};
}

std::vector<KnownKey> known_keys(const std::vector<Row>& rows) {
  std::vector<KnownKey> keys;
  std::set<std::string_view> paths;
  for (const Row& row : rows) {
    if (paths.insert(row.path).second) keys.push_back(known_key(row));
  }
  return keys;
}

std::vector<size_t> nearest_positions(std::string_view path, const std::vector<KnownKey>& keys, size_t most) {
  const Written written = written_path(path, keys);
  const auto is_here = [&](size_t i) { return parts_of(keys[i].path).first == written.section; };
  std::vector<std::pair<double, size_t>> related;
  double least_here = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto cost = cost_of(written, keys[i]);
    if (!cost) continue;
    related.emplace_back(*cost, i);
    if (is_here(i)) least_here = std::min(least_here, *cost);
  }
  // A key of another section is offered only if none of the section that was written is likelier.
  std::erase_if(related, [&](const auto& one) { return one.first > least_here && !is_here(one.second); });
  std::ranges::sort(related);
  std::vector<size_t> nearest;
  std::set<std::string_view> paths;
  for (const auto& [cost, i] : related) {
    if (nearest.size() == most || cost > related.front().first + kShownTogether) break;
    if (paths.insert(keys[i].path).second) nearest.push_back(i);
  }
  return nearest;
}

std::vector<std::string> nearest_keys(std::string_view written, const std::vector<KnownKey>& keys, size_t most) {
  std::vector<std::string> nearest;
  for (const size_t i : nearest_positions(written, keys, most)) nearest.push_back(keys[i].path);
  return nearest;
}

std::vector<std::string> nearest_names(std::string_view written, const std::vector<std::string>& paths, size_t most) {
  std::vector<KnownKey> keys;
  for (const std::string& path : paths) keys.push_back({.path = path});
  return nearest_keys(written, keys, most);
}

std::string did_you_mean(const std::vector<std::string>& nearest) {
  constexpr size_t kMaxShown = 160;  // names may come from a file
  std::vector<std::string> names;
  for (const std::string& name : nearest) names.push_back(printable(name, kMaxShown));
  return names.empty() ? "" : fmt::format("Did you mean {}?", join_or(names));
}

}  // namespace hpcai::config
