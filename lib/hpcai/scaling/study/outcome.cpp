#include "hpcai/scaling/study/outcome.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"

namespace hpcai::scaling {
namespace {

std::optional<double> number(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

std::optional<StepTime> read_step(const nlohmann::json& summary) {
  const auto step = summary.find("step_time");
  if (step == summary.end() || !step->is_object() || !number(*step, "mean_s")) return std::nullopt;
  auto part = [&](const char* key) { return number(*step, key).value_or(0); };
  return StepTime{.step_s = part("mean_s"),
                  .compute_s = part("compute_s"),
                  .exposed_communication_s = part("exposed_communication_s"),
                  .imbalance_s = part("imbalance_s"),
                  .input_s = part("input_s")};
}

void read_target(const nlohmann::json& summary, Outcome& outcome) {
  const auto target = summary.find("target");
  if (target == summary.end() || !target->is_object() || !target->value("reached", false)) return;
  outcome.reached = true;
  outcome.time_to_target_s = number(*target, "time_s").value_or(0);
  outcome.epochs_to_target = number(*target, "epoch").value_or(0);
}

Outcome outcome_of(const nlohmann::json& summary, const std::string& metric) {
  Outcome outcome;
  outcome.status = summary.value("status", "failed");
  outcome.world = summary.value("world_size", 0);
  outcome.time_s = number(summary, "time_s").value_or(0);
  outcome.epochs = number(summary, "epochs").value_or(0);
  outcome.samples_per_second = number(summary, "samples_per_second").value_or(0);
  outcome.weights_sha256 = summary.value("weights_sha256", "");
  if (summary.contains("validation") && summary["validation"].is_object())
    outcome.quality = number(summary["validation"], metric.c_str());
  outcome.step = read_step(summary);
  read_target(summary, outcome);
  return outcome;
}

}  // namespace

Outcome read_outcome(const std::filesystem::path& folder, const std::string& metric) {
  Outcome outcome;
  const auto path = folder / "summary.json";
  try {
    if (path_exists(path)) outcome = outcome_of(parse_json(read_file(path)), metric);
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", path.string(), e.what()),
                "Remove this run folder; the study makes it again.");
  }
  outcome.folder = folder.string();
  return outcome;
}

nlohmann::json to_json(const StepTime& step) {
  return {{"mean_s", step.step_s},
          {"compute_s", step.compute_s},
          {"exposed_communication_s", step.exposed_communication_s},
          {"input_s", step.input_s},
          {"imbalance_s", step.imbalance_s}};
}

nlohmann::json to_json(const Outcome& outcome) {
  nlohmann::json json = {
      {"folder", outcome.folder}, {"repeat", outcome.repeat}, {"seed", outcome.seed}, {"status", outcome.status}};
  if (outcome.status == "missing") return json;
  json["reached"] = outcome.reached;
  if (outcome.reached) {
    json["time_to_target_s"] = outcome.time_to_target_s;
    json["epochs_to_target"] = outcome.epochs_to_target;
  }
  json["time_s"] = outcome.time_s;
  json["epochs"] = outcome.epochs;
  json["samples_per_second"] = outcome.samples_per_second;
  if (outcome.quality) json["quality"] = *outcome.quality;
  if (outcome.step) json["step_time"] = to_json(*outcome.step);
  if (!outcome.weights_sha256.empty()) json["weights_sha256"] = outcome.weights_sha256;
  return json;
}

}  // namespace hpcai::scaling
