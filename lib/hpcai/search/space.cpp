#include "hpcai/search/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

#include "hpcai/config/config.h"
#include "hpcai/config/key_path.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::search {
namespace {

constexpr const char* kMetricPart = "validation.";

using Texts = std::vector<std::string>;
using Rows = std::vector<config::Row>;

void refuse(const Texts& problems) {
  if (problems.empty()) return;
  std::string text = problems.size() == 1 ? "" : "the search cannot be done:";
  for (const std::string& problem : problems) text += (problems.size() == 1 ? "" : "\n  ") + problem;
  throw Error(ExitCode::usage, text, "Nothing has been started. See docs/search.md, and hpcai-train keys for the settings.");
}

std::string place_of(const Parameter& parameter) {
  return fmt::format("{}: {}", parameter.read_from, parameter.key.empty() ? "the parameter" : parameter.key);
}

void check_range(const Parameter& parameter, Texts& problems) {
  const auto add = [&](const std::string& what) { problems.push_back(fmt::format("{} {}", place_of(parameter), what)); };
  if (const auto* choice = std::get_if<ChoiceParameter>(&parameter)) {
    const std::set<std::string> different(choice->values.begin(), choice->values.end());
    if (choice->values.size() < 2) add("needs at least two values.");
    if (different.size() < choice->values.size()) add("names a value twice.");
    return;
  }
  const auto ends = extremes(parameter);
  if (!(ends[0].get<double>() < ends[1].get<double>()))
    add(fmt::format("has low {}, which must be below high {}.", config::write_flow(ends[0]), config::write_flow(ends[1])));
  if (const auto* power = std::get_if<PowerOfTwoParameter>(&parameter)) {
    for (const int64_t end : {power->low, power->high}) {
      if (end > 0 && !std::has_single_bit(static_cast<uint64_t>(end)))
        add(fmt::format("ends at {}, which is no power of two.", end));
    }
  }
}

// The keys of settings that are values.
std::vector<config::KnownKey> keys_of_values(Rows rows) {
  std::erase_if(rows, [](const config::Row& row) {
    const auto kind = row.key->type.kind;
    return !row.is_type && (kind == config::Type::Kind::section || kind == config::Type::Kind::variant);
  });
  return config::known_keys(rows);
}

void check_key(const Parameter& parameter, const Rows& rows, Texts& problems) {
  const auto add = [&](const std::string& what) { problems.push_back(fmt::format("{} {}", place_of(parameter), what)); };
  Rows found;
  const std::string path = config::without_positions(parameter.key);
  std::ranges::copy_if(rows, std::back_inserter(found), [&](const config::Row& row) { return row.path == path; });
  if (found.empty()) {
    const Texts similar = config::nearest_keys(path, keys_of_values(rows));
    const auto advice = similar.empty() ? "Run `hpcai-train keys` for the list." : config::did_you_mean(similar);
    return add(fmt::format("is not a setting. {}", advice));
  }
  if (std::holds_alternative<ChoiceParameter>(parameter)) return;  // the config is read with each of its values
  const auto is_kind = [&](config::Type::Kind kind) {
    return std::ranges::any_of(found, [&](const config::Row& row) { return !row.is_type && row.key->type.kind == kind; });
  };
  const bool integer = is_kind(config::Type::Kind::integer), number = is_kind(config::Type::Kind::number);
  if (!integer && !number) return add("is not a number. Use type choice.");
  if (!number && !is_whole(parameter)) return add("is a whole number. Use type integer, log_integer or power_of_two.");
  for (const Values& end : extremes(parameter)) {
    const auto good = [&](const config::Row& row) { return config::in_range(row.key->type, row.key->field, end); };
    if (std::ranges::any_of(found, good)) continue;
    add(fmt::format("cannot be {}; it must be {}.", config::write_flow(end),
                    config::describe_range(found.front().key->type, found.front().key->field)));
  }
}

void check_whole(const Space& space, const trainer::Experiment& experiment, Texts& problems) {
  std::set<std::string> keys;
  for (const Parameter& parameter : space.parameters) {
    if (!keys.insert(parameter.key).second) problems.push_back(place_of(parameter) + " is named twice.");
  }
  if (space.parameters.empty()) problems.push_back("parameters is empty: there is nothing to vary.");
  if (!space.metric.starts_with(kMetricPart) || metric_name(space).empty()) {
    problems.push_back(
        fmt::format("metric is {}; it must be a number of the validation split, such as validation.loss.", space.metric));
  }
  const auto* asha = std::get_if<AshaConfig>(&space.early_stop);
  const bool varies_epochs = std::ranges::any_of(
      keys, [](const std::string& key) { return key == "training.epochs" || key.starts_with("training.stages"); });
  if (!asha || asha->unit != Unit::epochs || varies_epochs) return;
  int64_t epochs = 0;
  for (const auto& stage : trainer::stages_of(experiment.training)) epochs += stage.epochs;
  if (asha->minimum < epochs) return;
  problems.push_back(
      fmt::format("early_stop.minimum is {} epochs, but the training has {}: no trial would end early.", asha->minimum, epochs));
}

// Reads the config with extreme values: all lowest, all highest, and each value of a choice.
void check_configs(const Space& space, const std::filesystem::path& config, const Texts& overrides, Texts& problems) {
  const config::Section description = config::description<trainer::Experiment>();
  const auto read_with = [&](const Texts& settings) {
    Texts all = overrides;
    all.insert(all.end(), settings.begin(), settings.end());
    try {
      config::read_values(description, config, all);
    } catch (const Error& error) {
      if (error.code() != ExitCode::usage) throw;
      if (std::ranges::count(problems, error.what()) == 0) problems.emplace_back(error.what());
    }
  };
  Texts lowest, highest;
  for (const Parameter& parameter : space.parameters) {
    const auto values = extremes(parameter);
    lowest.push_back(setting_of(parameter.key, values.front()));
    highest.push_back(setting_of(parameter.key, values.back()));
  }
  read_with(lowest);
  read_with(highest);
  for (size_t i = 0; i < space.parameters.size(); ++i) {
    const auto values = extremes(space.parameters[i]);
    for (size_t k = 1; k + 1 < values.size(); ++k) {
      Texts settings = lowest;
      settings[i] = setting_of(space.parameters[i].key, values[k]);
      read_with(settings);
    }
  }
}

}  // namespace

std::string metric_name(const Space& space) {
  return space.metric.substr(std::min(space.metric.size(), std::string_view(kMetricPart).size()));
}

Space read_space(const std::filesystem::path& path) { return config::read<Space>(path); }

void check_space(const Space& space, const std::filesystem::path& config, const std::vector<std::string>& overrides) {
  const auto experiment = config::read<trainer::Experiment>(config, overrides);
  const config::Section description = config::description<trainer::Experiment>();
  const Rows rows = config::rows(description);
  Texts problems;
  for (const Parameter& parameter : space.parameters) {
    check_range(parameter, problems);
    check_key(parameter, rows, problems);
  }
  check_whole(space, experiment, problems);
  refuse(problems);
  check_configs(space, config, overrides, problems);
  refuse(problems);
}

}  // namespace hpcai::search
