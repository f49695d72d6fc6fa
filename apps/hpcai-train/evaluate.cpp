#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <variant>

#include "calibration_report.h"
#include "commands.h"
#include "ensemble.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/tasks/metric.h"
#include "overlaps.h"
#include "subset_table.h"
#include "task_report.h"
#include "temperature.h"

namespace hpcai::app {
namespace {

struct EvaluateOptions {
  TrainedOptions trained;
  OverlapOptions overlaps;
  int64_t samples = 1000;
  std::string by;
  int64_t most_certain = 0;
  bool calibrate = false;
  bool json = false;
};

void check_options(const EvaluateOptions& options, const Trained& trained) {
  options.overlaps.check(trained);
  if (trained.estimates_densities() && trained.experiment.evaluation.posterior_samples == 0 && !options.overlaps.report.empty()) {
    throw Error(ExitCode::usage, "--report needs draws from the densities, and evaluation.posterior_samples is 0",
                "Leave it out, and choose their number with --samples.");
  }
  const bool is_table = std::holds_alternative<data::TableConfig>(trained.experiment.data);
  if (!options.by.empty() && !is_table) trained.require_probabilities("--by");
  if (options.most_certain > 0) trained.require_probabilities("--most-certain");
  if (options.most_certain > trained.dataset->size()) {
    throw Error(ExitCode::usage,
                fmt::format("--most-certain {}: there are {} samples", options.most_certain, trained.dataset->size()),
                "Choose at most as many.");
  }
}

std::vector<tasks::Metric> shown_metrics(const tasks::Task& task) {
  std::vector<tasks::Metric> metrics = task.metrics();
  for (const tasks::Metric& metric : task.further_metrics()) metrics.push_back(metric);
  return metrics;
}

nlohmann::json most_certain(const metrics::Predictions::Gathered& all, int64_t count) {
  const std::vector<int64_t> counts = {count};
  return metrics::kept_json(metrics::keep_most_certain(metrics::classified(all.prediction, all.target), counts)[0]);
}

void print(const EvaluateOptions& options, const Ensemble& ensemble, const nlohmann::json& report) {
  const tasks::Task& task = *ensemble.members()[0].task;
  std::cout << fmt::format("{} of {}: {}\n", options.trained.data_name(), ensemble.name(),
                           tasks::describe_quality(shown_metrics(task), report));
  if (options.most_certain > 0) {
    const nlohmann::json& kept = report.at("most_certain");
    const auto number = [&](const char* key) { return kept.at(key).get<double>(); };
    std::cout << fmt::format("the {} most certain (at least {:.6g}): accuracy {:.4f} ({:.4f} to {:.4f})\n", options.most_certain,
                             number("least_certainty"), number("accuracy"), number("accuracy_low"), number("accuracy_high"));
  }
  if (!options.by.empty()) std::cout << subset_table(report.at("by"), task);
}

int evaluate(const EvaluateOptions& options) {
  if (options.calibrate) return fit_and_write_temperature(options.trained, options.json);
  TrainedOptions chosen = options.trained;
  chosen.draw(options.samples);
  Ensemble ensemble(chosen, /*needs_labels=*/true);
  Trained& trained = ensemble.first();
  check_options(options, trained);
  std::vector<metrics::Subset> subsets;
  if (!options.by.empty()) subsets = subsets_by(options.by, chosen, trained);

  const std::string data_name = options.trained.data_name();
  const tasks::EvaluationResult result = ensemble.evaluate();
  nlohmann::json report = result.metrics;
  if (trained.regenerates_waveforms()) report.update(measure_overlaps(trained, result, options.overlaps, data_name));
  if (trained.estimates_densities() && !options.overlaps.report.empty()) {
    write_calibration(trained, result, options.overlaps.report, data_name);
  }
  if (options.most_certain > 0) report["most_certain"] = most_certain(result.predictions, options.most_certain);
  if (!options.by.empty()) report["by"] = measure_subsets(trained, result.predictions, options.by, subsets);
  report.update(ensemble.record());
  report[options.trained.input.empty() ? "split" : "input"] = data_name;
  if (!trained.task->report_files().empty() && !options.overlaps.report.empty()) {
    write_task_report(trained, result.predictions, report, fmt::format("{} of {}", data_name, ensemble.name()),
                      options.overlaps.report);
  }
  print_report(report, options.json, [&] { print(options, ensemble, report); });
  return 0;
}

}  // namespace

void add_evaluate(CommandLine& line) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* app =
      line.app.add_subcommand("evaluate", "Measure a trained model on one split of its data, or on new samples with labels");
  app->footer(
      "examples: hpcai-train evaluate --run-dir runs/galaxy-quickstart --checkpoint best --split test --json\n"
      "          hpcai-train evaluate --run-dir runs/galaxy-quickstart --input other-survey/labels.csv\n"
      "          hpcai-train evaluate --run-dir runs/sdss --report quality --by high_certainty --most-certain 150\n"
      "          hpcai-train evaluate --run-dir runs/sdss --calibrate\n"
      "          hpcai-train evaluate --run-dir runs/sdss-1 --run-dir runs/sdss-2 --json\n"
      "          hpcai-train evaluate --run-dir runs/waveform-quickstart --report quality\n"
      "          hpcai-train evaluate --run-dir runs/waveform-quickstart --noise-curve aligo.txt --total-mass 60\n"
      "          hpcai-train evaluate --run-dir runs/posterior --report calibration");
  options->trained.add_to(*app);
  options->overlaps.add_to(*app);
  app->add_option("--samples", options->samples, "Draws from the density of each sample, of a model of densities (default 1000)")
      ->type_name("N")
      ->check(CLI::Range(200, 65536));
  auto* by = app->add_option("--by", options->by, "Also the quality for each value of this column of the catalogue or table")
                 ->type_name("COLUMN");
  auto* certain = app->add_option("--most-certain", options->most_certain,
                                  "Also the accuracy of the N most certain samples, of a classification")
                      ->type_name("N")
                      ->check(CLI::PositiveNumber);
  auto* calibrate =
      app->add_flag("--calibrate", options->calibrate,
                    "Fit a temperature of the class probabilities on the validation split, for --calibrated, and no more");
  for (CLI::Option* other : {by, certain, app->get_option("--report"), app->get_option("--split"), app->get_option("--input"),
                             app->get_option("--calibrated")}) {
    calibrate->excludes(other);
  }
  app->add_flag("--json", options->json, "Print all metrics as JSON");
  app->callback([&line, options] { line.run = [options] { return evaluate(*options); }; });
}

}  // namespace hpcai::app
