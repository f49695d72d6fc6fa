#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/trainer/build.h"

namespace hpcai::app {
namespace {

struct CheckOptions {
  ConfigOptions config;
  int nproc = 1;
  bool json = false;
};

// Of the whole training.
int64_t steps_of(const trainer::TrainingConfig& training, int64_t steps_per_epoch) {
  int64_t epochs = training.stages.empty() ? training.epochs : 0;
  for (const auto& stage : training.stages) epochs += stage.epochs;
  return training.max_steps > 0 ? std::min(training.max_steps, epochs * steps_per_epoch) : epochs * steps_per_epoch;
}

int check(const CheckOptions& options) {
  const auto experiment = options.config.read();
  trainer::check_consistency(experiment, options.nproc);
  const auto group = distributed::make_single_group();
  auto alone = experiment;  // the parts of one rank, with its share of the batch
  alone.training.global_batch /= options.nproc;
  const auto training = trainer::build(alone, *group);
  const auto size = models::size_of(*training.model);
  auto count = [](const std::unique_ptr<data::Dataset>& set) { return set ? set->size() : 0; };
  const int64_t steps = training.data.train->size() / experiment.training.global_batch;
  if (steps == 0) {
    throw Error(ExitCode::usage,
                fmt::format("training.global_batch {} is larger than the {} training samples", experiment.training.global_batch,
                            training.data.train->size()),
                "Lower training.global_batch.");
  }
  const auto warnings = optim::schedule_warnings(experiment.schedule, experiment.optimizer, experiment.training.global_batch,
                                                 steps, steps_of(experiment.training, steps));
  const nlohmann::json report = {
      {"config", options.config.path},
      {"training_samples", count(training.data.train)},
      {"validation_samples", count(training.data.validation)},
      {"test_samples", count(training.data.test)},
      {"parameters", size.values},
      {"trainable_parameters", size.trainable},
      {"steps_per_epoch", steps},
      {"learning_rate", optim::base_rate(experiment.optimizer, experiment.training.global_batch).value},
      {"batch_per_rank", alone.training.global_batch},
      {"warnings", warnings}};
  if (options.json) {
    std::cout << report.dump(2) << '\n';
    return 0;
  }
  std::cout << fmt::format("{} is good: {} training, {} validation, {} test samples; {} trained values; {} steps an epoch; {}\n",
                           options.config.path, count(training.data.train), count(training.data.validation),
                           count(training.data.test), size.trainable, steps,
                           optim::describe_rate(experiment.optimizer, experiment.training.global_batch));
  for (const std::string& warning : warnings) log::warning("{}", warning);
  return 0;
}

}  // namespace

void add_check(CommandLine& line) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* app = line.app.add_subcommand("check", "Check a config and its data without training or writing anything");
  app->footer("example: hpcai-train check --config configs/galaxy/quickstart.yaml --nproc 4");
  options->config.add_to(*app);
  app->add_option("--nproc", options->nproc, "Check for a world of this many ranks")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  app->add_flag("--json", options->json, "Print the result as JSON");
  app->callback([&line, options] { line.run = [options] { return check(*options); }; });
}

}  // namespace hpcai::app
