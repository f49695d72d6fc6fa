#include "hpcai/runs/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/config/key_path.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

constexpr std::string_view kEnvironment = "environment.", kProgress = "progress.", kValidation = "validation.";

nlohmann::json first_of(const nlohmann::json& first, const nlohmann::json& second) { return first.is_null() ? second : first; }

nlohmann::json general_fact(const Run& run, const std::string& key) {
  if (key == "run") return run.path.string();
  if (key == "status") return run.state.name;
  if (key == "started") return at_path(run.environment, "started");
  if (key == "host") return first_of(at_path(run.status, "host"), at_path(run.environment, "host"));
  // While a resumed run goes on, the summary is that of its former end.
  const bool lives = run.state.lives() || run.state.name == "killed" || run.state.name == "silent";
  const nlohmann::json of_status = at_path(run.status, "step"), of_summary = at_path(run.summary, "steps");
  if (key == "steps") return lives ? first_of(of_status, of_summary) : first_of(of_summary, of_status);
  return nullptr;
}

void collect(const nlohmann::json& object, const std::string& path, std::vector<std::string>& keys) {
  for (const auto& [name, value] : object.items()) {
    std::string key = path.empty() ? name : fmt::format("{}.{}", path, name);
    if (value.is_object()) {
      collect(value, key, keys);
    } else if (!value.is_null() && !value.is_array()) {
      keys.push_back(std::move(key));
    }
  }
}

}  // namespace

std::vector<std::string> general_keys() { return {"run", "status", "started", "host", "steps"}; }

nlohmann::json at_path(const nlohmann::json& object, std::string_view path) {
  const nlohmann::json* value = &object;
  for (const std::string_view name : split(path, '.')) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(name);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return *value;
}

nlohmann::json validation_of(const Run& run) {
  const auto of_summary = at_path(run.summary, "validation");
  if (of_summary.is_object()) return of_summary;
  return run.last_evaluation ? *run.last_evaluation : nlohmann::json();
}

nlohmann::json fact_of(const Run& run, const std::string& key) {
  if (auto general = general_fact(run, key); !general.is_null()) return general;
  if (const std::string* setting = run.settings.find(key)) return value_of(*setting);
  if (key.starts_with(kEnvironment)) return at_path(run.environment, std::string_view(key).substr(kEnvironment.size()));
  if (key.starts_with(kProgress)) return at_path(run.status, std::string_view(key).substr(kProgress.size()));
  if (key.starts_with(kValidation)) return at_path(validation_of(run), std::string_view(key).substr(kValidation.size()));
  return at_path(run.summary, key);
}

std::vector<nlohmann::json> facts_of(const Run& run, const std::string& key) {
  if (key.find("[]") == std::string::npos) return {fact_of(run, key)};
  std::vector<nlohmann::json> values;
  for (const auto& [name, text] : run.settings.entries()) {
    if (config::without_positions(name) == key) values.push_back(value_of(text));
  }
  return values;
}

std::vector<std::string> result_keys(const Run& run) {
  std::vector<std::string> keys;
  collect(run.summary, "", keys);
  if (run.last_evaluation) collect({{"validation", *run.last_evaluation}}, "", keys);
  return keys;
}

std::string shown_value(const nlohmann::json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  return printable(json_text(value));
}

}  // namespace hpcai::runs
