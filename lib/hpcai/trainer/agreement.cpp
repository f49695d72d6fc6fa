#include "hpcai/trainer/agreement.h"

#include <fmt/format.h>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/runs/environment.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::trainer {
namespace {

void agree_on_config(distributed::Group& group, const Experiment& experiment) {
  const auto digests = group.all_gather(config::digest(experiment));
  size_t other = 0;
  while (other < digests.size() && digests[other] == digests[0]) ++other;
  if (other == digests.size()) return;
  const auto texts = group.all_gather(config::to_yaml(experiment));
  const auto theirs = config::parse<Experiment>(texts[other], fmt::format("config of rank {}", other));
  std::string text;
  for (const auto& change : config::differences(config::parse<Experiment>(texts[0], "config of rank 0"), theirs)) {
    text += fmt::format("\n  {}: {} on rank 0, {} on rank {}", change.key, change.before, change.after, other);
  }
  throw Error(ExitCode::ranks_disagree,
              fmt::format("the ranks have different configs; rank {} is the first that differs from rank 0:{}", other, text),
              "Start all ranks with the same --config and --set.");
}

// The local settings that decide which exchanges the ranks make, and when.
void agree_on_exchanges(distributed::Group& group, const Experiment& experiment) {
  const auto& checkpoint = experiment.checkpoint;
  distributed::agree(
      group, "settings",
      fmt::format(
          "training.on_divergence {}, roll_back_steps {}, max_skipped_steps {}; distributed.check_every_steps {}, on_drift {}; "
          "checkpoint.every_steps {}, every_epochs {}, best {}",
          config::name_of(experiment.training.on_divergence), experiment.training.roll_back_steps,
          experiment.training.max_skipped_steps, experiment.distributed.check_every_steps,
          config::name_of(experiment.distributed.on_drift), checkpoint.every_steps, checkpoint.every_epochs, checkpoint.best));
}

}  // namespace

void agree_on_run(distributed::Group& group, const Experiment& experiment, const RunOptions& options) {
  if (group.size() == 1) return;
  distributed::agree(group, "builds", runs::describe_build());
  agree_on_config(group, experiment);
  const char* resume = options.resume == Resume::never ? "never" : options.resume == Resume::automatic ? "auto" : "require";
  distributed::agree(
      group, "options",
      fmt::format("--resume {}{} --run-dir {} --stop-after-epochs {} --stop-after-steps {}", resume,
                  options.overwrite ? " --overwrite" : "", options.run_dir ? options.run_dir->string() : "(default)",
                  options.pause.epochs, options.pause.steps));
  agree_on_exchanges(group, experiment);
}

void agree_on_data(distributed::Group& group, const data::Splits& data, const DataFingerprints& fingerprints) {
  if (group.size() == 1) return;
  distributed::agree(group, "data",
                     fmt::format("{} training, {} validation and {} test samples", data::size_of(data.train),
                                 data::size_of(data.validation), data::size_of(data.test)));
  for (const auto& [split, print] : {std::pair{"training", fingerprints.train},
                                     {"validation", fingerprints.validation},
                                     {"test", fingerprints.test},
                                     {"unlabelled", fingerprints.unlabelled}}) {
    distributed::agree(group, fmt::format("names or orders of the {} samples", split), print.names);
    distributed::agree(group, fmt::format("labels of the {} samples", split), print.targets);
    distributed::agree(group, fmt::format("contents of the {} samples", split), print.content);
  }
}

}  // namespace hpcai::trainer
