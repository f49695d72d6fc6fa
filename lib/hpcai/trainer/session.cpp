#include "hpcai/trainer/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/watch/ranks_lost.h"
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

// Whether `rank` is the first of all ranks but the lost ones; it speaks for them.
bool is_first_without(int rank, const std::vector<int>& lost) {
  for (int other = 0; other < rank; ++other) {
    if (std::ranges::count(lost, other) == 0) return false;
  }
  return true;
}

bool warnings_only(const std::vector<Judgement>& judgements) {
  return std::ranges::all_of(judgements, [](const Judgement& judgement) { return judgement.kind == Judgement::Kind::warning; });
}

}  // namespace

Session::Session(const Experiment& experiment, const distributed::World& world, const RunOptions& options)
    : experiment_(experiment), world_(world), reunion_(world), options_(options), folder_options_(options) {
  end_on_stop_signals(/*speak=*/world.rank == 0);
  refuse_problems(judge(experiment, world.size));
  if (world.restarts == 0) return;
  if (!options.run_dir) {
    throw Error(ExitCode::usage,
                fmt::format("{} has started the ranks again, but the folder of the run is unknown", world.launcher),
                "Give --run-dir.");
  }
  resume_in(options.run_dir->string());
}

ExitCode Session::run() {
  while (true) {
    try {
      if (world_.rank >= world_.size) return leave_as_superfluous();
      prepare();
      return train();
    } catch (const Error& error) {
      if (!meet_again(error)) throw;
    }
  }
}

ExitCode Session::leave_as_superfluous() const {
  log::warning("this rank ends: {} go on, because training.global_batch cannot be divided among one more",
               plural(world_.size, "rank"));
  return ExitCode::done;
}

// Everything before the first step. A stop signal during this time ends a process that has no state yet without saving.
void Session::prepare() {
  incarnation_ ? incarnation_->join_group(world_) : void(incarnation_.emplace(experiment_, world_));
  distributed::Group& group = incarnation_->group();
  agree_on_run(group, experiment_, options_);
  distributed::agree(group, "options", fmt::format("--restarts {}", world_.most_restarts));
  make_own_records();
  const int holder = find_holder();
  open(/*load=*/holder < 0);
  const auto resumed = broadcast_checkpoint(group, loaded_, std::max(0, holder));
  distributed::on_all_ranks(group, [&] {
    if (!resumed && has_trained_) incarnation_->build();  // from the beginning, so without the state of the optimizer
  });
  start(resumed);
  loaded_.reset();
  trains_ = has_trained_ = true;
}

// The living rank that takes the place of a lost rank 0 goes on with the run folder.
void Session::make_own_records() {
  const int rank = incarnation_->group().rank();
  if (records_ && (rank > 0 || records_rank_ == 0)) return;
  records_ = make_records(rank, experiment_, folder_options_);
  records_rank_ = rank;
  entered_ = begun_ = false;
}

// Returns the first rank that holds the state of the training; -1 if no rank does. The running statistics of rank 0 are those of
// the training. Another rank has the same ones unless a batch norm takes the statistics of each rank alone.
int Session::find_holder() {
  bool holds_state = loaded_.has_value();
  if (holds_state && world_.rank > 0 && experiment_.distributed.deterministic_shards == 0) {
    holds_state = !models::has_local_statistics(*incarnation_->training().model);
  }
  const auto holds = incarnation_->group().all_gather(holds_state ? "yes" : "no");
  const auto first = std::ranges::find(holds, "yes");
  return first == holds.end() ? -1 : static_cast<int>(first - holds.begin());
}

// Opens the data before the run folder is made, so that a fault in the data leaves no folder behind. With `load` rank 0 reads the
// checkpoint if the run resumes. A rank that goes on after a loss has its data and its folder already.
void Session::open(bool load) {
  distributed::Group& group = incarnation_->group();
  distributed::on_all_ranks(group, [&] {
    if (!entered_) records_->check();
    if (!incarnation_->is_built()) {
      incarnation_->build();
      fingerprints_ = fingerprints_of(incarnation_->training().data, incarnation_->training().unlabelled());
    }
    if (load && !records_->has_checkpoints()) incarnation_->set_initial_weights();  // nor does a fault of the weights
  });
  const data::Splits& data = incarnation_->training().data;
  agree_on_data(group, data, fingerprints_);
  distributed::on_all_ranks(group, [&] {
    if (entered_) return;
    auto read = records_->enter(make_record(data.train->spec(), fingerprints_, incarnation_->initial_weights().record), load);
    if (load) loaded_ = std::move(read);
    entered_ = true;
  });
  if (reunion_.possible()) resume_in(group.broadcast(records_->place().string()));
}

// After a loss another rank 0 resumes the run in this folder.
void Session::resume_in(const std::string& folder) {
  folder_options_.run_dir = folder;
  folder_options_.resume = Resume::automatic;
  folder_options_.overwrite = false;
}

void Session::start(const std::optional<checkpoint::Loaded>& resumed) {
  distributed::Group& group = incarnation_->group();
  const bool first_start = !begun_;
  distributed::on_all_ranks(group, [&] {
    if (!resumed) incarnation_->set_initial_weights();
    if (!begun_) records_->begin(resumed.has_value(), group.size());
    begun_ = true;
  });
  incarnation_->begin(/*rewindable=*/reunion_.possible());
  Loop& loop = incarnation_->loop();
  const checkpoint::Origin origin{config::digest(experiment_), group.size()};
  distributed::on_all_ranks(group, [&] {
    if (resumed) checkpoint::read_content(resumed->path, [&] { loop.load(resumed->state); });
    records_->attach(loop, incarnation_->training(), origin, resumed.has_value());
    if (resumed && resumed->state.state.contains("interrupted")) {
      records_->add_missing(resumed->state.state.at("interrupted").at("lines"));
    }
  });
  if (first_start) records_->introduce(incarnation_->training(), loop, group);
  const std::string& weights = incarnation_->initial_weights().text;
  if (first_start && !resumed && !weights.empty()) log::info("weights    {}", weights);
  if (!resumed) return;
  if (loaded_) {
    for (const std::string& reason : loaded_->skipped) log::warning("skipped a checkpoint: {}", reason);
  }
  const std::string source = resumed->path.filename().string();
  log::info("resumed    from step {} ({}{})", resumed->step, source,
            world_.goes_on_alone() ? fmt::format("; {} go on", plural(world_.size, "rank")) : "");
}

ExitCode Session::train() {
  save_on_stop_signals();
  return conclude(incarnation_->loop().run(options_.pause));
}

// After an error: if ranks are lost and the others may go on, leaves the group and takes the world of the next meeting. Returns
// false if the run ends.
bool Session::meet_again(const Error& error) {
  const auto* loss = dynamic_cast<const distributed::RanksLost*>(&error);
  const bool may_go_on = loss && reunion_.possible() && (!loss->ranks().empty() || reunion_.is_called());
  if (records_) records_->end_progress();
  nlohmann::json summary;
  if (trains_) {
    if (!may_go_on) incarnation_->loop().settle_saving();
    summary = summarise(error.code() == ExitCode::diverged ? "diverged" : "failed");
  }
  if (may_go_on) {
    if (is_first_without(world_.rank, loss->ranks())) log::warning("{}", error.what());
    if (trains_) keep_state();
    leave_group(loss->ranks());
    const auto usable = [this](int size) { return warnings_only(judge(experiment_, size)); };
    if (const auto world = reunion_.next(usable)) {
      enter_world(*world);
      return true;
    }
  }
  tell_failure(error, std::move(summary));
  return false;
}

void Session::leave_group(const std::vector<int>& lost) {
  std::vector<std::string> addresses;
  if (incarnation_ && !incarnation_->addresses().empty()) {
    addresses = incarnation_->addresses();
    local_rank_ = incarnation_->group().placement().local_rank;
  }
  reunion_.report(lost, addresses, loaded_ ? loaded_->step : -1);
  if (incarnation_) incarnation_->leave_group();
}

void Session::enter_world(const distributed::World& world) {
  world_ = world;
  if (!world_.local_rank) world_.local_rank = local_rank_;  // so that this rank keeps its GPU
  log::set_rank(world_.rank);
}

// Keeps a copy of the state before the interrupted step, which the loop of the next group will load.
void Session::keep_state() {
  Loop& loop = incarnation_->loop();
  loaded_ = checkpoint::Loaded{.step = loop.course().position().step, .path = fmt::format("memory of rank {}", world_.rank)};
  loaded_->state = loop.interrupted_state();
  loaded_->state.state["interrupted"]["lines"] = records_->newest_lines();
  trains_ = false;
}

// Writes the failure into the run folder. `summary`: null before the first step.
void Session::tell_failure(const Error& error, nlohmann::json summary) {
  if (records_) records_->end(error.code() == ExitCode::diverged ? "diverged" : "failed", error.what());
  if (!summary.is_null()) {
    summary["error"] = error.what();
    try {
      records_->write_summary(summary);
    } catch (const Error& other) {  // for example a full disk; the error that ended the run is thrown instead
      log::warning("{}", other.what());
    }
  } else if (error.code() == ExitCode::peers_unreachable) {
    // A rank that is lost this early has probably ended on a stop signal. This rank waits for the same signal, which ends it
    // cleanly.
    std::this_thread::sleep_for(kSignalSpread);
  }
}

ExitCode Session::conclude(Ending ending) {
  Loop& loop = incarnation_->loop();
  records_->end_progress();
  loop.finish_saving();
  distributed::on_all_ranks(incarnation_->group(), [&] { records_->finish(); });
  tell_balance(loop.step_times(), incarnation_->hosts());
  if (ending != Ending::finished) return leave_resumable(ending);
  nlohmann::json summary = summarise("finished");
  evaluate_finally(summary);
  records_->write_summary(summary);
  records_->end("finished");
  const double speed = records_->samples_per_second();
  log::info("done       in {}{}; results in {}", runs::format_duration(loop.elapsed_s()),
            speed > 0 ? fmt::format("; {:.4g} samples/s", speed) : "", records_->place().string());
  return ExitCode::done;
}

// The end of a process that leaves a training unfinished, with its state saved.
ExitCode Session::leave_resumable(Ending ending) {
  const std::string status = ending == Ending::paused ? "paused" : "stopped";
  nlohmann::json summary = summarise(status);
  if (ending == Ending::paused) evaluate_pause(summary);
  records_->write_summary(summary);
  records_->end(status);
  std::string reason = stop_signal() ? fmt::format("on signal {}", stop_signal()) : "on another rank's signal";
  if (ending == Ending::paused) reason = "as --stop-after asks";
  log::info("{:<11}at step {} {}; the state is saved. Go on with: --run-dir {} --resume auto", status,
            incarnation_->loop().course().position().step, reason, records_->place().string());
  return ExitCode::stopped;
}

// Adds the metrics of the validation split to the summary of a pause: those of the epoch that has just ended, if it was
// evaluated.
void Session::evaluate_pause(nlohmann::json& summary) {
  const Training& training = incarnation_->training();
  const Loop& loop = incarnation_->loop();
  if (!training.data.validation) return;
  const bool epoch_ended = loop.course().position().batch == 0;
  if (epoch_ended && loop.course().evaluation_due() && !loop.last_validation().is_null()) return;  // in the summary already
  const ScopedAverage use_average(incarnation_->loop().computation().average());
  const auto result =
      evaluate(incarnation_->group(), *training.model, *training.task, *training.data.validation, training.settings.evaluation);
  require_finite(result, "validation");
  summary["validation"] = result.metrics;
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
