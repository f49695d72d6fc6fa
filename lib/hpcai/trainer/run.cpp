#include "hpcai/trainer/run.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/trainer/agreement.h"
#include "hpcai/trainer/broadcast_checkpoint.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/recorder.h"
#include "hpcai/trainer/stop_signal.h"
#include "hpcai/trainer/together.h"

namespace hpcai::trainer {
namespace {

namespace fs = std::filesystem;

fs::path choose_folder(const Experiment& experiment, const RunOptions& options) {
  if (options.run_dir) return *options.run_dir;
  const fs::path base = fs::path("runs") / experiment.name;
  fs::path path = base;
  for (int n = 2; options.resume == Resume::never && !options.overwrite && fs::exists(path); ++n) {
    path = base.string() + fmt::format("-{}", n);
  }
  return path;
}

runs::ExistingRun existing_run(const RunOptions& options) {
  if (options.overwrite) return runs::ExistingRun::overwrite;
  return options.resume == Resume::never ? runs::ExistingRun::refuse : runs::ExistingRun::resume;
}

// Settings that differ from those the run was started with, and change its result.
void refuse_changed_settings(const Experiment& experiment, const fs::path& saved_config) {
  if (!fs::exists(saved_config)) return;
  const auto saved = config::read_saved<Experiment>(saved_config);
  const auto changes = config::differences(saved, experiment);
  if (changes.empty()) return;
  std::string text = fmt::format("the run in {} was started with other settings:", saved_config.parent_path().string());
  for (const auto& change : changes) text += fmt::format("\n  {}: {} then, {} now", change.key, change.before, change.after);
  throw Error(ExitCode::cannot_resume, text, "Give the same settings, or start a new run in another --run-dir.");
}

// Rank 0 enters the run folder and reads the newest checkpoint; the others get it from there.
std::optional<checkpoint::Loaded> enter_folder(const Experiment& experiment, const RunOptions& options, const fs::path& path,
                                               std::optional<runs::RunFolder>& folder) {
  const bool resumes = options.resume != Resume::never && !options.overwrite;
  if (resumes && fs::exists(path)) refuse_changed_settings(experiment, path / "config.yaml");
  std::optional<checkpoint::Loaded> loaded;
  if (resumes) loaded = checkpoint::Checkpoints(path / "checkpoints", experiment.checkpoint.keep).load_newest();
  if (!loaded && options.resume == Resume::require) {
    throw Error(ExitCode::cannot_resume, fmt::format("--resume require: there is no checkpoint in {}", path.string()),
                "Use --resume auto to start from the beginning where there is none.");
  }
  folder.emplace(runs::RunFolder::create(path, existing_run(options)));
  return loaded;
}

void start_records(const Experiment& experiment, const RunOptions& options, const runs::RunFolder& folder, bool resumed) {
  folder.write_command(options.command);
  folder.write_environment(runs::describe_environment());
  if (!resumed) folder.write_config(config::to_yaml(experiment));
  log::open_file(folder.log().string());
}

void introduce(const Experiment& experiment, const Training& training, const Trainer& trainer, const distributed::Group& group,
               const fs::path& folder) {
  const auto size = models::size_of(*training.model);
  auto count = [](const std::unique_ptr<data::Dataset>& set) { return set ? set->size() : 0; };
  log::info("hpcai-train {}: {} in {}", kVersion, experiment.name, folder.string());
  log::info("data       {} training, {} validation, {} test samples", count(training.data.train), count(training.data.validation),
            count(training.data.test));
  log::info("model      {} values, {} trained now", size.values, size.trainable);
  log::info("batch      {} samples a step on {}: {} each{}", experiment.training.global_batch, plural(group.size(), "rank"),
            experiment.training.global_batch / group.size(),
            experiment.training.accumulation > 1 ? fmt::format(", in {} passes", experiment.training.accumulation) : "");
  log::info("optimizer  {}", optim::describe_rate(experiment.optimizer, experiment.training.global_batch));
  log::info("training   {} steps, {} an epoch", trainer.total_steps(), trainer.steps_per_epoch());
  if (group.rank() > 0) return;
  for (const std::string& warning :
       optim::schedule_warnings(experiment.schedule, experiment.optimizer, experiment.training.global_batch,
                                trainer.steps_per_epoch(), trainer.total_steps())) {
    log::warning("{}", warning);
  }
}

nlohmann::json summarise(const Experiment& experiment, const Training& training, Trainer& trainer, const Recorder& recorder,
                         const distributed::Group& group, const std::string& status) {
  const auto size = models::size_of(*training.model);
  nlohmann::json summary = {{"status", status},
                            {"name", experiment.name},
                            {"version", kVersion},
                            {"steps", trainer.position().step},
                            {"epochs", trainer.position().epoch},
                            {"time_s", recorder.elapsed_s()},
                            {"samples_per_second", recorder.samples_per_second()},
                            {"world_size", group.size()},
                            {"device", group.device().str()},
                            {"step_time", trainer.step_times().mean()},
                            {"parameters", size.values},
                            {"trainable_parameters", size.trainable},
                            {"config_digest", config::digest(experiment)}};
  if (const auto& scaler = trainer.loss_scaler()) summary["skipped_steps"] = scaler->skipped();
  summary["validation"] = recorder.last_validation();
  if (const auto target = recorder.target().summary(); !target.is_null()) summary["target"] = target;
  return summary;
}

// Where the time of a step went, and which rank held up the others.
void tell_balance(const StepTimes& times, const std::vector<std::string>& hosts) {
  if (hosts.size() < 2 || times.steps() == 0) return;
  const StepSplit mean = times.mean();
  log::info("step       {:.3g} ms: {:.0f} % computing, {:.0f} % exposed communication, {:.0f} % input, {:.0f} % imbalance",
            1e3 * mean.step_s, 100 * mean.compute_s / mean.step_s, 100 * mean.exposed_communication_s / mean.step_s,
            100 * mean.input_s / mean.step_s, 100 * mean.imbalance_s / mean.step_s);
  log::info("balance    {}", describe_slowest(times.ranks(), hosts));
}

// The final numbers, with the weights that are saved.
void evaluate_finally(const Training& training, Trainer& trainer, distributed::Group& group, nlohmann::json& summary) {
  ScopedAverage use_average(trainer.average());
  const std::pair<const char*, const data::Dataset*> splits[] = {{"validation", training.data.validation.get()},
                                                                 {"test", training.data.test.get()}};
  for (const auto& [name, split] : splits) {
    if (!split) continue;
    const auto result = evaluate(group, *training.model, *training.loss, *split, training.evaluation);
    require_finite(result, name);
    summary[name] = result.metrics;
    log::info("{:<11}{}", name, describe_quality(summary[name]));
  }
  summary["weights_sha256"] = checkpoint::weights_sha256(tensors_of(*training.model));
}

}  // namespace

int run_experiment(const Experiment& experiment, const distributed::World& world, const RunOptions& options) {
  check_consistency(experiment, world.size);
  install_stop_signals(world.rank == 0);
  const auto group = distributed::make_group(world, experiment.distributed, use_gpu(experiment.training.device));
  set_threads(experiment.training, group->placement());
  const std::string digest = config::digest(experiment);
  agree_on_run(*group, experiment, options);
  const auto hosts = group->all_gather(distributed::host_name());

  const fs::path path = group->broadcast(choose_folder(experiment, options).string());
  Training training;
  together(*group, [&] {
    if (group->rank() == 0) runs::RunFolder::check(path, existing_run(options));
    training = build(experiment, *group);
  });
  agree_on_data(*group, training.data);
  runs::RunFolder named(path);
  std::optional<runs::RunFolder> folder;
  std::optional<checkpoint::Loaded> loaded;
  together(*group, [&] {
    if (group->rank() == 0) loaded = enter_folder(experiment, options, path, folder);
  });
  const auto resumed = broadcast_checkpoint(*group, loaded);
  together(*group, [&] {
    if (group->rank() == 0) start_records(experiment, options, *folder, resumed.has_value());
  });

  Recorder recorder(*group, training, folder ? *folder : named, {digest, group->size()});
  Trainer trainer(training.parts(*group), training.settings, recorder);
  together(*group, [&] {
    if (resumed) trainer.load(resumed->state);
    recorder.begin(trainer, resumed ? resumed->state.state : nlohmann::json());
  });
  introduce(experiment, training, trainer, *group, path);
  if (loaded) {
    for (const std::string& reason : loaded->skipped) log::warning("skipped a damaged checkpoint: {}", reason);
    log::info("resumed    from step {} ({})", loaded->step, loaded->path.filename().string());
  }

  begin_steps();
  auto write_summary = [&](const nlohmann::json& summary) {
    if (folder) folder->write_summary(summary);
  };
  auto conclude = [&](const std::string& status) { return summarise(experiment, training, trainer, recorder, *group, status); };
  nlohmann::json summary;
  try {
    const Ending ending = trainer.run();
    recorder.finish_progress();
    tell_balance(trainer.step_times(), hosts);
    summary = conclude(ending == Ending::finished ? "finished" : "stopped");
    if (ending == Ending::stopped) {
      write_summary(summary);
      log::info("stopped    at step {} on {}; the state is saved. Go on with: --run-dir {} --resume auto",
                trainer.position().step, stop_signal() ? fmt::format("signal {}", stop_signal()) : "another rank's signal",
                path.string());
      return static_cast<int>(ExitCode::stopped);
    }
    evaluate_finally(training, trainer, *group, summary);
  } catch (const Error& e) {
    recorder.finish_progress();
    summary = conclude(e.code() == ExitCode::diverged ? "diverged" : "failed");
    summary["error"] = e.what();
    write_summary(summary);
    throw;
  }
  write_summary(summary);
  log::info("done       in {}{}; results in {}", runs::format_duration(recorder.elapsed_s()),
            recorder.samples_per_second() > 0 ? fmt::format("; {:.4g} samples/s", recorder.samples_per_second()) : "",
            path.string());
  return static_cast<int>(ExitCode::done);
}

}  // namespace hpcai::trainer
