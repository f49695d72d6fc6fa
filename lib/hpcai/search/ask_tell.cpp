#include "hpcai/search/ask_tell.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/text.h"
#include "hpcai/search/sampler.h"

namespace hpcai::search {
namespace {

using Json = nlohmann::ordered_json;

// The elements of an array, or the one object.
std::vector<Json> read_objects(const std::string& text, const std::string& name) {
  const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<Json> objects;
  if (json.is_object()) objects.push_back(json);
  if (json.is_array()) objects.assign(json.begin(), json.end());
  bool good = json.is_object() || json.is_array();
  for (const Json& object : objects) good = good && object.is_object();
  if (!good) throw Error(ExitCode::usage, fmt::format("{}: not a JSON object or a list of them", name), "See docs/search.md.");
  return objects;
}

int64_t next_number(const std::map<int64_t, Trial>& trials) { return trials.empty() ? 0 : trials.rbegin()->first + 1; }

Json hand_out(SearchFolder& folder, int64_t number, const Values& parameters, bool given) {
  folder.append({{"event", "trial"}, {"number", number}, {"parameters", parameters}, {"given", given}});
  Json set = Json::array();
  for (const auto& [key, value] : parameters.items()) set.push_back(setting_of(key, value));
  return {{"number", number},
          {"parameters", parameters},
          {"set", set},
          {"run_dir", folder.search().run_folder(number).string()},
          {"command", training_arguments(folder.search(), parameters, number)}};
}

// The parameters in the order of the space.
Values checked(const Space& space, const Json& given, size_t index) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ExitCode::usage, fmt::format("--parameters: trial {} of the list: {}", index + 1, what),
                "Give a value for each parameter of the space, and nothing else.");
  };
  Values values = Values::object();
  for (const Parameter& parameter : space.parameters) {
    const auto found = given.find(parameter.key);
    if (found == given.end()) refuse(fmt::format("{} is missing", parameter.key));
    if (!allows(parameter, *found))
      refuse(fmt::format("{} is {}; it must be {}", parameter.key, printable(json_text(*found)), describe_range(parameter)));
    values[parameter.key] = *found;
  }
  for (const auto& [key, value] : given.items()) {
    if (!values.contains(key)) refuse(fmt::format("{} is no parameter of the space", printable(key)));
  }
  return values;
}

struct Told {
  int64_t number = 0;
  std::optional<double> value = std::nullopt;  // none: the trial has failed
  std::string reason = {};
};

Told read_told(const Json& line, const std::string& name) {
  const auto refuse = [&] {
    throw Error(ExitCode::usage, fmt::format("{}: {}", name, printable(json_text(line))),
                "Write {\"number\": 3, \"value\": 0.25}, or {\"number\": 3, \"failed\": \"out of memory\"}.");
  };
  const bool has_number = line.contains("number") && line["number"].is_number_integer();
  const bool has_value = line.contains("value") && line["value"].is_number() && std::isfinite(line["value"].get<double>());
  const bool has_failed = line.contains("failed") && line["failed"].is_string();
  if (!has_number || has_value == has_failed || line.size() != 2) refuse();
  Told told{.number = line["number"].get<int64_t>()};
  if (has_value) told.value = line["value"].get<double>();
  if (has_failed) told.reason = line["failed"].get<std::string>();
  return told;
}

// Whether the value is new. Throws if the trial is unknown or has another value.
bool is_new(const Told& told, const std::map<int64_t, Trial>& trials, const std::string& name) {
  const auto found = trials.find(told.number);
  if (found == trials.end() || !found->second.begun) {
    throw Error(ExitCode::usage, fmt::format("{}: there is no trial {}", name, told.number), "Get trials with --ask first.");
  }
  if (found->second.results.empty()) return true;
  const RungResult& known = found->second.results.back();
  if (known.failed != !told.value || (told.value && known.value != *told.value)) {
    throw Error(ExitCode::usage, fmt::format("{}: trial {} has another result already", name, told.number),
                "A trial is told once.");
  }
  return false;
}

}  // namespace

Json ask(SearchFolder& folder, int64_t count) {
  const Space& space = folder.search().space;
  const auto known = folder.read();
  const int64_t first = next_number(known), given = given_trials(known);
  if (const auto most = most_trials(space); most && count > *most - (first - given)) {
    throw Error(
        ExitCode::usage,
        fmt::format("--ask {}: the grid has {}, and {} of them are handed out", count, plural(*most, "trial"), first - given),
        "Ask for fewer, or use another sampler.");
  }
  Json trials = Json::array();
  for (int64_t number = first; number < first + count; ++number)
    trials.push_back(hand_out(folder, number, propose(space, number, given), false));
  return trials;
}

Json ask_given(SearchFolder& folder, const std::string& parameters) {
  std::vector<Values> checked_values;
  for (const Json& given : read_objects(parameters, "--parameters"))
    checked_values.push_back(checked(folder.search().space, given, checked_values.size()));
  int64_t number = next_number(folder.read());
  Json trials = Json::array();
  for (const Values& values : checked_values) trials.push_back(hand_out(folder, number++, values, true));
  return trials;
}

int64_t tell(SearchFolder& folder, const std::string& values, const std::string& name) {
  if (std::holds_alternative<AshaConfig>(folder.search().space.early_stop)) {
    throw Error(ExitCode::usage, "--tell: with early_stop the program trains the trials itself, to see their values at each rung",
                "Use `hpcai-train search` to train what --ask has handed out, or set early_stop.type to none.");
  }
  const auto trials = folder.read();
  std::vector<Told> news;
  for (const Json& line : read_objects(values, name)) {
    Told told = read_told(line, name);
    if (is_new(told, trials, name)) news.push_back(std::move(told));
  }
  for (const Told& told : news) {
    if (told.value) {
      folder.append({{"event", "result"}, {"number", told.number}, {"rung", 0}, {"value", *told.value}, {"finished", true}});
    } else {
      folder.append({{"event", "failed"}, {"number", told.number}, {"rung", 0}, {"reason", told.reason}});
    }
  }
  return std::ssize(news);
}

}  // namespace hpcai::search
