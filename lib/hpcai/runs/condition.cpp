#include "hpcai/runs/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "hpcai/config/key_path.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/facts.h"

namespace hpcai::runs {
namespace {

using Sign = Condition::Comparison;

// The longer ones first, because "<" begins "<=".
constexpr std::array kComparisons = {std::pair{"<=", Sign::at_most}, std::pair{">=", Sign::at_least},
                                     std::pair{"==", Sign::equal},   std::pair{"!=", Sign::unequal},
                                     std::pair{"<", Sign::less},     std::pair{">", Sign::more},
                                     std::pair{"=", Sign::equal},    std::pair{"~", Sign::contains}};

bool orders(Sign comparison) {
  return comparison == Sign::less || comparison == Sign::at_most || comparison == Sign::more || comparison == Sign::at_least;
}

template <class Value>
bool compare_values(const Value& a, Sign comparison, const Value& b) {
  switch (comparison) {
    case Sign::less: return a < b;
    case Sign::at_most: return a <= b;
    case Sign::more: return a > b;
    case Sign::at_least: return a >= b;
    case Sign::unequal: return a != b;
    case Sign::equal:
    case Sign::contains: break;
  }
  return a == b;
}

// The words of a value: those of a text, else those of its JSON.
std::string words_of(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : json_text(value); }

bool holds_for(const nlohmann::json& value, const Condition& condition) {
  if (value.is_null()) {
    const bool asks_for_none = condition.value == "null";
    return (condition.comparison == Sign::equal && asks_for_none) || (condition.comparison == Sign::unequal && !asks_for_none);
  }
  if (condition.comparison == Sign::contains) return words_of(value).find(condition.value) != std::string::npos;
  const auto number = parse_number<double>(condition.value);
  if (number && value.is_number()) return compare_values(value.get<double>(), condition.comparison, *number);
  if (orders(condition.comparison) && !value.is_string()) return false;
  return compare_values(words_of(value), condition.comparison, condition.value);
}

bool knows(const Run& run, const std::string& key) {
  return std::ranges::any_of(facts_of(run, key), [](const nlohmann::json& value) { return !value.is_null(); });
}

}  // namespace

bool Condition::holds(const Run& run) const {
  const auto values = facts_of(run, key);
  return std::ranges::any_of(values, [&](const nlohmann::json& value) { return holds_for(value, *this); });
}

Condition parse_condition(const std::string& text) {
  const size_t begin = text.find_first_of("<>=!~");
  if (begin != std::string::npos) {
    const std::string_view rest = std::string_view(text).substr(begin);
    for (const auto& [sign, comparison] : kComparisons) {
      if (!rest.starts_with(sign)) continue;
      Condition condition{std::string(trim(std::string_view(text).substr(0, begin))), comparison,
                          std::string(trim(rest.substr(std::string_view(sign).size())))};
      if (!condition.key.empty() && !condition.value.empty()) return condition;
    }
  }
  throw Error(ExitCode::usage, fmt::format("--where {}: a condition is KEY, a comparison and a value", printable(text)),
              "For example --where 'optimizer.lr<0.1' or --where 'validation.accuracy>=0.9' or --where 'status=finished'. The "
              "comparisons are < <= > >= = != and ~ (contains).");
}

void require_known_key(const std::string& key, const std::vector<std::string>& setting_keys, const std::vector<Run>& runs,
                       const std::string& option) {
  const std::vector<std::string> general = general_keys();
  if (std::ranges::count(general, key) > 0 || std::ranges::count(setting_keys, config::without_positions(key)) > 0) return;
  if (runs.empty() || std::ranges::any_of(runs, [&](const Run& run) { return knows(run, key); })) return;
  std::set<std::string> known(general.begin(), general.end());
  for (const Run& run : runs) {
    for (std::string& name : result_keys(run)) known.insert(std::move(name));
  }
  std::vector<std::string> names(known.begin(), known.end());
  names.insert(names.end(), setting_keys.begin(), setting_keys.end());
  const auto similar = config::nearest_names(key, names);
  throw Error(ExitCode::usage, fmt::format("{} {}: neither a setting nor a result of these runs", option, printable(key)),
              similar.empty() ? "`hpcai-train keys` lists the settings, `runs show RUN` the results of a run."
                              : config::did_you_mean(similar));
}

}  // namespace hpcai::runs
