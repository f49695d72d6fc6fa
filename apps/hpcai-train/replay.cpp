#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/core/json.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/replay.h"
#include "trained.h"

namespace hpcai::app {
namespace {

struct ReplayOptions {
  std::string run_dir;
  int64_t step = 0;
  int nproc = 0;
  bool json = false;
};

// NaN without a sign, which has no meaning.
std::string number(const nlohmann::json& value) {
  const double of = value.get<double>();
  return std::isnan(of) ? "nan" : fmt::format("{:.6g}", of);
}

void print_replay(const nlohmann::json& report) {
  std::cout << fmt::format("step {}, repeated from step {}: loss {}, learning rate {}, norm of the gradient {}\n",
                           report["step"].get<int64_t>(), report["from_step"].get<int64_t>(), number(report["loss"]),
                           number(report["lr"]), number(report["gradient_norm"]));
  for (const auto& [name, norm] : report["gradient_norms"].items())
    std::cout << fmt::format("  {:>12}  {}\n", number(norm), name);
  std::vector<std::string> samples;
  for (const auto& id : report["samples"]) samples.push_back(printable(id.get<std::string>()));
  std::cout << fmt::format("samples: {}\n", fmt::join(samples, ", "));
}

int replay(const CommandLine& line, const ReplayOptions& options) {
  const auto experiment = config::read<trainer::Experiment>(config_of_run(options.run_dir));
  if (options.nproc > 0) trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  if (const auto status = start_ranks(line, options.nproc, experiment.distributed.port)) return *status;
  const auto world = distributed::detect_world(process_environment(), static_cast<int>(experiment.distributed.port));
  trainer::Incarnation incarnation(experiment, world);
  const nlohmann::json report = trainer::replay(incarnation, options.run_dir, options.step);
  if (world.rank > 0) return 0;
  print_report(report, options.json, [&] { print_replay(report); });
  return 0;
}

}  // namespace

void add_replay(CommandLine& line) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* app = line.app.add_subcommand("replay", "Repeat one step of a run and tell its loss, gradients and samples");
  app->footer(
      "It starts from the newest checkpoint before the step and writes nothing. With as many ranks as the run had, the numbers "
      "are\n"
      "those of the run.\n"
      "example: hpcai-train replay --run-dir runs/galaxy-quickstart --step 120");
  app->add_option("--run-dir", options->run_dir, "Folder of the run")->type_name("DIR")->required();
  app->add_option("--step", options->step, "The step, counted from 1")
      ->type_name("N")
      ->required()
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 53));
  add_nproc(*app, options->nproc);
  app->add_flag("--json", options->json, "Print the report as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return replay(line, *options); }; });
}

}  // namespace hpcai::app
