#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/trainer/recorder.h"
#include "trained.h"

namespace hpcai::app {
namespace {

struct EvaluateOptions {
  TrainedOptions trained;
  bool json = false;
};

int evaluate(const EvaluateOptions& options) {
  Trained trained = load_trained(options.trained);
  nlohmann::json report = trained.evaluate().metrics;
  report["split"] = options.trained.split;
  report["step"] = trained.step;
  report["checkpoint"] = trained.checkpoint;
  if (options.json) {
    std::cout << json_text(report, 2) << '\n';
  } else {
    std::cout << fmt::format("{} of {}, step {}: {}\n", options.trained.split, options.trained.run_dir, trained.step,
                             trainer::describe_quality(report));
  }
  return 0;
}

}  // namespace

void add_evaluate(CommandLine& line) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* app = line.app.add_subcommand("evaluate", "Measure a trained model on one split of data");
  app->footer("example: hpcai-train evaluate --run-dir runs/galaxy-quickstart --checkpoint best --split test --json");
  options->trained.add_to(*app);
  app->add_flag("--json", options->json, "Print all metrics as JSON");
  app->callback([&line, options] { line.run = [options] { return evaluate(*options); }; });
}

}  // namespace hpcai::app
