#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/log.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/judgements.h"

namespace hpcai::app {
namespace {

struct CheckOptions {
  ConfigOptions config;
  int nproc = 1;
  bool json = false;
};

int check(const CheckOptions& options) {
  const auto experiment = options.config.read();
  trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  const auto group = distributed::make_single_group();
  auto alone = experiment;  // the parts of one rank, with its share of the batch
  alone.training.global_batch /= options.nproc;
  const auto training = trainer::build(alone, *group);
  const auto size = models::size_of(*training.model);
  auto count = [](const std::unique_ptr<data::Dataset>& set) { return set ? set->size() : 0; };
  const trainer::DataFacts facts = trainer::facts_of(training.data);
  const auto judgements = trainer::judge(experiment, options.nproc, facts);
  trainer::refuse_problems(judgements);
  const auto warnings = trainer::warnings_of(judgements);
  const int64_t steps = facts.training_samples / experiment.training.global_batch;
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
  for (const std::string& text : warnings) log::warning("{}", text);
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
