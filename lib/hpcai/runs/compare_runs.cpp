#include "hpcai/runs/compare_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "hpcai/runs/facts.h"
#include "hpcai/runs/known_metrics.h"

namespace hpcai::runs {
namespace {

using Facts = std::vector<std::pair<std::string, nlohmann::json>>;

constexpr std::array kCode = {"program_version", "commit", "executable_sha256", "torch_version", "compiler"};
constexpr std::array kMachine = {"host",   "cpu",   "cores",   "memory_gib", "gpus", "operating_system",
                                 "kernel", "ranks", "threads", "variables"};
// Of a summary. The others are settings, or parts of the step's time that no two runs have in common.
constexpr std::array kResults = {"status",        "steps",      "epochs", "skipped_steps", "validation",         "test",
                                 "target",        "parameters", "device", "world_size",    "samples_per_second", "time_s",
                                 "weights_sha256"};

void flatten(const std::string& key, const nlohmann::json& value, Facts& facts) {
  if (!value.is_object()) return facts.emplace_back(key, value), void();
  for (const auto& [name, part] : value.items()) flatten(key.empty() ? name : fmt::format("{}.{}", key, name), part, facts);
}

template <size_t count>
Facts chosen(const nlohmann::json& object, const std::array<const char*, count>& names) {
  Facts facts;
  for (const char* name : names) {
    if (object.contains(name)) flatten(name, object.at(name), facts);
  }
  return facts;
}

Facts settings_of(const Run& run) {
  Facts facts;
  for (const auto& [key, text] : run.settings.entries()) facts.emplace_back(key, value_of(text));
  return facts;
}

Facts data_facts(const Run& run) {
  Facts facts;
  flatten("", data_of(run), facts);
  return facts;
}

Facts results_of(const Run& run) {
  Facts facts = chosen(run.summary, kResults);
  if (run.summary.empty()) {
    facts.emplace_back("status", run.state.name);
    facts.emplace_back("steps", fact_of(run, "steps"));
    flatten("validation", validation_of(run), facts);
  }
  return facts;
}

PartDifference compare_part(const std::string& part, const Facts& a, const Facts& b) {
  PartDifference comparison{part, {}, 0};
  const std::map<std::string, nlohmann::json> before(a.begin(), a.end()), after(b.begin(), b.end());
  for (const auto& [key, value] : a) {
    const auto found = after.find(key);
    const nlohmann::json now = found == after.end() ? nlohmann::json() : found->second;
    now == value ? void(++comparison.equal) : void(comparison.differences.push_back({key, value, now}));
  }
  for (const auto& [key, value] : b) {
    if (!before.contains(key) && !value.is_null()) comparison.differences.push_back({key, nullptr, value});
  }
  return comparison;
}

}  // namespace

std::vector<PartDifference> compare_runs(const Run& a, const Run& b) {
  return {compare_part("settings", settings_of(a), settings_of(b)), compare_part("data", data_facts(a), data_facts(b)),
          compare_part("code", chosen(a.environment, kCode), chosen(b.environment, kCode)),
          compare_part("machines", chosen(a.environment, kMachine), chosen(b.environment, kMachine)),
          compare_part("results", results_of(a), results_of(b))};
}

std::string relative_change(const nlohmann::json& before, const nlohmann::json& after) {
  if (!before.is_number() || !after.is_number() || before.get<double>() == 0) return "";
  const double percent = 100 * (after.get<double>() - before.get<double>()) / std::abs(before.get<double>());
  return std::abs(percent) < 10 ? fmt::format("{:+.2g} %", percent) : fmt::format("{:+.0f} %", percent);
}

std::vector<std::string> differing_settings(const std::vector<Run>& runs, const std::function<bool(const std::string&)>& ignore) {
  std::vector<std::string> keys;
  std::set<std::string> seen;
  for (const Run& run : runs) {
    for (const auto& [key, text] : run.settings.entries()) {
      if (ignore(key) || !seen.insert(key).second) continue;
      const auto differs = [&, name = std::string_view(key), value = std::string_view(text)](const Run& other) {
        const std::string* its = other.settings.find(name);
        return its == nullptr || *its != value;
      };
      if (std::ranges::any_of(runs, differs)) keys.push_back(key);
    }
  }
  return keys;
}

std::string usual_metric(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (const std::string name = main_metric(validation_of(run)); !name.empty()) return "validation." + name;
    if (const std::string name = main_metric(at_path(run.summary, "test")); !name.empty()) return "test." + name;
  }
  return "";
}

int64_t best_run(const std::vector<Run>& runs, const std::string& metric) {
  const auto higher = is_higher_better(metric);
  int64_t best = -1;
  double value = 0;
  for (size_t i = 0; higher && i < runs.size(); ++i) {
    const nlohmann::json its = fact_of(runs[i], metric);
    if (!its.is_number()) continue;
    const auto number = its.get<double>();
    if (best >= 0 && (*higher ? number <= value : number >= value)) continue;
    best = static_cast<int64_t>(i);
    value = number;
  }
  return best;
}

}  // namespace hpcai::runs
