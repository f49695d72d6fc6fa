#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/tasks/metric.h"
#include "calibration_report.h"
#include "overlaps.h"
#include "trained.h"

namespace hpcai::app {
namespace {

struct EvaluateOptions {
  TrainedOptions trained;
  OverlapOptions overlaps;
  int64_t samples = 1000;
  bool json = false;
};

int evaluate(const EvaluateOptions& options) {
  TrainedOptions chosen = options.trained;
  chosen.draw(options.samples);
  Trained trained = load_trained(chosen, /*needs_labels=*/true);
  options.overlaps.check(trained);
  if (trained.estimates_densities() && trained.experiment.evaluation.posterior_samples == 0 && !options.overlaps.report.empty()) {
    throw Error(ExitCode::usage, "--report needs draws from the densities, and evaluation.posterior_samples is 0",
                "Leave it out, and choose their number with --samples.");
  }
  const tasks::EvaluationResult result = trained.evaluate();
  nlohmann::json report = result.metrics;
  if (trained.regenerates_waveforms()) {
    report.update(measure_overlaps(trained, result, options.overlaps, options.trained.data_name()));
  }
  if (trained.estimates_densities() && !options.overlaps.report.empty()) {
    write_calibration(trained, result, options.overlaps.report, options.trained.data_name());
  }
  if (options.trained.input.empty()) {
    report["split"] = options.trained.split;
  } else {
    report["input"] = options.trained.input;
  }
  report["step"] = trained.step;
  report["checkpoint"] = trained.checkpoint;
  if (options.json) {
    std::cout << json_text(report, 2) << '\n';
  } else {
    std::cout << fmt::format("{} of {}, step {}: {}\n", options.trained.data_name(), options.trained.run_dir, trained.step,
                             tasks::describe_quality(trained.task->metrics(), report));
  }
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
      "          hpcai-train evaluate --run-dir runs/waveform-quickstart --report quality\n"
      "          hpcai-train evaluate --run-dir runs/waveform-quickstart --noise-curve aligo.txt --total-mass 60\n"
      "          hpcai-train evaluate --run-dir runs/posterior --report calibration");
  options->trained.add_to(*app);
  options->overlaps.add_to(*app);
  app->add_option("--samples", options->samples, "Draws from the density of each sample, of a model of densities (default 1000)")
      ->type_name("N")
      ->check(CLI::Range(200, 65536));
  app->add_flag("--json", options->json, "Print all metrics as JSON");
  app->callback([&line, options] { line.run = [options] { return evaluate(*options); }; });
}

}  // namespace hpcai::app
