#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/core/process.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {

void ConfigOptions::add_to(CLI::App& app, bool required) {
  auto* option = app.add_option("--config", path, "YAML file that describes the experiment")->type_name("FILE");
  if (required) option->required();
  app.add_option("--set", overrides,
                 "Set one key, such as --set optimizer.lr=1e-3 or 'training.stages[0].epochs=3'; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

trainer::Experiment ConfigOptions::read(config::Origins* origins) const {
  return config::read<trainer::Experiment>(path, overrides, origins);
}

void add_nproc(CLI::App& app, int& nproc) {
  app.add_option("--nproc", nproc, "Start this many ranks on this machine")->type_name("N")->check(CLI::Range(1, 4096));
}

std::optional<int> start_ranks(const CommandLine& line, int nproc, int64_t port, const distributed::RestartRules& restarts) {
  const auto world = distributed::detect_world(process_environment());
  if (nproc == 0 || world.launcher == "nproc") return std::nullopt;
  return distributed::run_local_ranks(nproc, line.arguments, static_cast<int>(port), restarts);
}

}  // namespace hpcai::app
