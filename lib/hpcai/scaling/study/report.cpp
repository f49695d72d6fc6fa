#include "hpcai/scaling/study/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/scaling/study/figure.h"
#include "hpcai/scaling/study/predict_curve.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::scaling {
namespace {

Point collect_point(const Study& study, const Member& member, const Quality& target, int world) {
  std::vector<Outcome> runs;
  for (int repeat = 1; repeat <= study.repeats; ++repeat) {
    Outcome outcome = read_outcome(run_folder_of(study, member, world, repeat), target.metric);
    if (outcome.status == "missing") continue;
    outcome.repeat = repeat;
    outcome.seed = member.experiment.training.seed + repeat - 1;
    runs.push_back(std::move(outcome));
  }
  return make_point(world, global_batch_of(member, world, study.weak), std::move(runs));
}

nlohmann::json spread_json(const std::optional<Spread>& spread) {
  if (!spread) return nullptr;
  return {{"median", spread->median}, {"min", spread->low}, {"max", spread->high}};
}

nlohmann::json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json point_json(const Point& point) {
  nlohmann::json runs = nlohmann::json::array();
  for (const Outcome& run : point.runs) runs.push_back(to_json(run));
  return {{"world", point.world},
          {"global_batch", point.global_batch},
          {"time_to_target_s", spread_json(point.time_s)},
          {"time_per_epoch_s", optional_json(point.epoch_s)},
          {"epochs", optional_json(point.epochs)},
          {"quality", optional_json(point.quality)},
          {"samples_per_second", optional_json(point.samples_per_second)},
          {"efficiency", optional_json(point.efficiency)},
          {"throughput_efficiency", optional_json(point.throughput_efficiency)},
          {"step_time", point.step ? to_json(*point.step) : nlohmann::json(nullptr)},
          {"runs_that_reached_the_target", point.reached()},
          {"runs", runs}};
}

nlohmann::json prediction_json(const PredictedPoint& point) {
  return {{"world", point.world},
          {"global_batch", point.global_batch},
          {"time_to_target_s", point.time_s},
          {"time_per_epoch_s", point.epoch_s},
          {"epochs", point.epochs},
          {"step_time", point.step ? to_json(*point.step) : nlohmann::json(nullptr)}};
}

nlohmann::json curve_json(const Curve& curve, const Member& member) {
  nlohmann::json points = nlohmann::json::array(), predictions = nlohmann::json::array(), published = nlohmann::json::array();
  for (const Point& point : curve.points) points.push_back(point_json(point));
  for (const PredictedPoint& point : curve.predictions) predictions.push_back(prediction_json(point));
  for (const PublishedSeries& series : curve.published) {
    nlohmann::json places = nlohmann::json::array();
    for (const auto& [gpus, time_s] : series.points) places.push_back({{"world", gpus}, {"time_s", time_s}});
    published.push_back({{"source", series.source}, {"points", places}});
  }
  return {{"name", curve.name},
          {"model", model_type_of(member.experiment)},
          {"config_digest", config::digest(member.experiment)},
          {"target", {{"metric", curve.target.metric}, {"value", curve.target.value}}},
          {"input_warning", input_warning(curve)},
          {"points", points},
          {"prediction", predictions},
          {"published", published}};
}

// The number of training samples; 0 if the data cannot be opened, for example on another machine.
int64_t samples_of(const trainer::Experiment& experiment) {
  try {
    return trainer::open_training_data(experiment, 0, /*fill_caches=*/false).train->size();
  } catch (const Error&) {
    return 0;
  }
}

// The predictions of a curve. On a cluster each node has `ranks_per_node` ranks. Without a cluster all measured ranks share this
// machine, and larger worlds are assumed to use several machines like this one.
std::vector<PredictedPoint> predictions_of(const Study& study, const Member& member, const Curve& curve, int ranks_per_node) {
  const auto calibration = find_calibration(calibration_of(study, member));
  if (!calibration) return {};
  const bool cluster = path_exists(study.folder / "jobs");
  const auto& training = member.experiment.training;
  PredictionSettings settings{.global_batch = training.global_batch,
                              .samples = samples_of(member.experiment),
                              .weak = study.weak,
                              .accumulation = training.accumulation,
                              .samples_per_pass = study.samples_per_pass};
  settings.largest_on_one_host = cluster || curve.points.empty() ? ranks_per_node : curve.points.back().world;
  settings.ranks_per_node =
      cluster || calibration->device != "cpu" ? ranks_per_node : std::max(1, static_cast<int>(calibration->machine.cores));
  return predict_curve(curve, *calibration, settings);
}

std::string footer_of(const nlohmann::json& environment, const std::vector<Curve>& curves) {
  const bool predicted = std::ranges::any_of(curves, [](const Curve& curve) { return !curve.predictions.empty(); });
  const std::string prediction =
      !predicted ? ""
                 : " Predicted: the measured time of the smallest world, scaled by the step-time model; where ranks "
                   "outnumber the batch it grows to one sample a rank, with the same epochs.";
  return fmt::format("Measured with hpcai-train {} (commit {}) on {}: {} cores, {}{}; {}.{}", kVersion,
                     environment.at("commit").get<std::string>(), environment.at("host").get<std::string>(),
                     environment.at("cores").get<int>(), environment.at("cpu").get<std::string>(),
                     environment.at("gpus").empty() ? "" : ", GPU " + environment.at("gpus")[0].get<std::string>(),
                     environment.at("started").get<std::string>().substr(0, 10), prediction);
}

}  // namespace

std::vector<Curve> collect(const Study& study, int ranks_per_node) {
  std::vector<Curve> curves;
  for (const Member& member : study.members) {
    Curve curve{.name = member.name,
                .target = target_of(member.experiment),
                .weak = study.weak,
                .points = {},
                .predictions = {},
                .published = published_series(model_type_of(member.experiment))};
    for (const int world : study.worlds) {
      Point point = collect_point(study, member, curve.target, world);
      if (!point.runs.empty()) curve.points.push_back(std::move(point));
    }
    set_efficiencies(curve.points);
    curve.predictions = predictions_of(study, member, curve, ranks_per_node);
    curves.push_back(std::move(curve));
  }
  return curves;
}

nlohmann::json scaling_json(const Study& study, const std::vector<Curve>& curves, const std::vector<std::string>& command) {
  nlohmann::json experiments = nlohmann::json::array();
  for (size_t i = 0; i < curves.size(); ++i) experiments.push_back(curve_json(curves[i], study.members[i]));
  const auto environment = runs::describe_environment();
  return {{"version", kVersion},
          {"commit", environment.at("commit")},
          {"host", environment.at("host")},
          {"date", environment.at("started")},
          {"command", shell_line(command)},
          {"scaling", study.weak ? "weak" : "strong"},
          {"repeats", study.repeats},
          {"experiments", experiments},
          {"environment", environment}};
}

std::vector<Curve> write_report(const Study& study, int ranks_per_node, const std::vector<std::string>& command) {
  auto curves = collect(study, ranks_per_node);
  const auto json = scaling_json(study, curves, command);
  write_output(study.folder / "scaling.json", json_text(json, 2) + "\n");
  write_output(study.folder / "figure1.svg", draw_figure(curves, footer_of(json.at("environment"), curves)).svg());
  return curves;
}

}  // namespace hpcai::scaling
