#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/tasks/metric.h"
#include "trained.h"

namespace hpcai::app {
namespace {

struct EvaluateOptions {
  TrainedOptions trained;
  bool json = false;
};

int evaluate(const EvaluateOptions& options) {
  Trained trained = load_trained(options.trained, /*needs_labels=*/true);
  nlohmann::json report = trained.evaluate().metrics;
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
      "          hpcai-train evaluate --run-dir runs/galaxy-quickstart --input other-survey/labels.csv");
  options->trained.add_to(*app);
  app->add_flag("--json", options->json, "Print all metrics as JSON");
  app->callback([&line, options] { line.run = [options] { return evaluate(*options); }; });
}

}  // namespace hpcai::app
