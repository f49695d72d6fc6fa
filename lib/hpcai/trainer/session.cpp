#include "hpcai/trainer/session.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/runs/progress.h"
#include "hpcai/trainer/agreement.h"
#include "hpcai/trainer/broadcast_checkpoint.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/summary.h"
#include "hpcai/trainer/weights.h"

namespace hpcai::trainer {
namespace {

// A signal that ended another rank reaches this rank within this time.
constexpr std::chrono::seconds kSignalSpread{1};

}  // namespace

Session::Session(const Experiment& experiment, const distributed::World& world, const RunOptions& options)
    : experiment_(experiment), world_(world), options_(options) {
  end_on_stop_signals(/*speak=*/world.rank == 0);
  refuse_problems(judge(experiment, world.size));
}

ExitCode Session::run() {
  try {
    prepare();
  } catch (const Error& error) {
    if (records_) records_->end("failed", error.what());
    // A rank that is lost this early has probably ended on a stop signal. This rank waits for the same signal, which ends it
    // cleanly.
    if (error.code() == ExitCode::peers_unreachable) std::this_thread::sleep_for(kSignalSpread);
    throw;
  }
  save_on_stop_signals();
  return train();
}

// Everything before the first step. A stop signal during this time ends the process without saving.
void Session::prepare() {
  incarnation_.emplace(experiment_, world_);
  distributed::Group& group = incarnation_->group();
  agree_on_run(group, experiment_, options_);
  records_ = make_records(group.rank(), experiment_, options_);
  const auto loaded = open();
  const auto resumed = broadcast_checkpoint(group, loaded);
  start(resumed);
  if (!loaded) return;
  for (const std::string& reason : loaded->skipped) log::warning("skipped a checkpoint: {}", reason);
  log::info("resumed    from step {} ({})", loaded->step, loaded->path.filename().string());
}

// Opens the data before the run folder is made, so that a fault in the data leaves no folder behind. Returns the checkpoint on
// rank 0 if the run resumes.
std::optional<checkpoint::Loaded> Session::open() {
  distributed::Group& group = incarnation_->group();
  DataFingerprints fingerprints;
  distributed::on_all_ranks(group, [&] {
    records_->check();
    incarnation_->build();
    fingerprints = fingerprints_of(incarnation_->training().data);
  });
  const data::Splits& data = incarnation_->training().data;
  agree_on_data(group, data, fingerprints);
  std::optional<checkpoint::Loaded> loaded;
  distributed::on_all_ranks(group, [&] { loaded = records_->enter(make_record(data.train->spec(), fingerprints)); });
  return loaded;
}

void Session::start(const std::optional<checkpoint::Loaded>& resumed) {
  distributed::Group& group = incarnation_->group();
  distributed::on_all_ranks(group, [&] { records_->begin(resumed.has_value()); });
  incarnation_->begin();
  Loop& loop = incarnation_->loop();
  const checkpoint::Origin origin{config::digest(experiment_), group.size()};
  distributed::on_all_ranks(group, [&] {
    if (resumed) checkpoint::read_content(resumed->path, [&] { loop.load(resumed->state); });
    records_->attach(loop, incarnation_->training(), origin, resumed.has_value());
  });
  records_->introduce(incarnation_->training(), loop, group);
}

ExitCode Session::train() {
  try {
    const Ending ending = incarnation_->loop().run();
    return conclude(ending);
  } catch (const Error& error) {
    records_->end_progress();
    incarnation_->loop().settle_saving();
    const std::string status = error.code() == ExitCode::diverged ? "diverged" : "failed";
    nlohmann::json summary = summarise(status);
    summary["error"] = error.what();
    records_->end(status, error.what());
    try {
      records_->write_summary(summary);
    } catch (const Error& other) {  // for example a full disk; the error that ended the run is thrown instead
      log::warning("{}", other.what());
    }
    throw;
  }
}

ExitCode Session::conclude(Ending ending) {
  Loop& loop = incarnation_->loop();
  records_->end_progress();
  loop.finish_saving();
  distributed::on_all_ranks(incarnation_->group(), [&] { records_->finish(); });
  tell_balance(loop.step_times(), incarnation_->hosts());
  nlohmann::json summary = summarise(ending == Ending::finished ? "finished" : "stopped");
  if (ending == Ending::stopped) {
    records_->write_summary(summary);
    records_->end("stopped");
    log::info("stopped    at step {} on {}; the state is saved. Go on with: --run-dir {} --resume auto",
              loop.course().position().step, stop_signal() ? fmt::format("signal {}", stop_signal()) : "another rank's signal",
              records_->place().string());
    return ExitCode::stopped;
  }
  evaluate_finally(summary);
  records_->write_summary(summary);
  records_->end("finished");
  const double speed = records_->samples_per_second();
  log::info("done       in {}{}; results in {}", runs::format_duration(loop.elapsed_s()),
            speed > 0 ? fmt::format("; {:.4g} samples/s", speed) : "", records_->place().string());
  return ExitCode::done;
}

// Evaluates the validation and test splits with the weights of the last checkpoint, and adds the metrics to the summary.
void Session::evaluate_finally(nlohmann::json& summary) {
  const Training& training = incarnation_->training();
  const ScopedAverage use_average(incarnation_->loop().computation().average());
  const std::pair<const char*, const data::Dataset*> splits[] = {{"validation", training.data.validation.get()},
                                                                 {"test", training.data.test.get()}};
  for (const auto& [name, split] : splits) {
    if (!split) continue;
    const auto result = evaluate(incarnation_->group(), *training.model, *training.task, *split, training.settings.evaluation);
    require_finite(result, name);
    summary[name] = result.metrics;
    log::info("{:<11}{}", name, tasks::describe_quality(training.task->metrics(), summary[name]));
  }
  summary["weights_sha256"] = checkpoint::weights_sha256(tensors_of(*training.model));
}

nlohmann::json Session::summarise(const std::string& status) {
  return trainer::summarise(experiment_, incarnation_->training(), incarnation_->loop(), incarnation_->group(),
                            records_->samples_per_second(), status);
}

}  // namespace hpcai::trainer
