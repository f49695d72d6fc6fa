#include "hpcai/trainer/loop.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "hpcai/checkpoint/snapshot.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/distributed/exchange/compare_state.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/watch/ranks_lost.h"
#include "hpcai/trainer/step_outcome.h"

namespace hpcai::trainer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongest_s = 1e12;  // the longest duration of a training that load() accepts

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

StepSettings step_settings_of(const LoopSettings& settings) {
  StepSettings step = StepSettings::from(settings.course.training, settings.reducer, settings.shards);
  step.discardable |= settings.rewindable;
  return step;
}

void tell_stage(const Course& course) {
  if (course.stages() == 1) return;
  log::info("stage {} of {}: trains from {}", course.position().stage + 1, course.stages(), course.stage().trainable_from);
}

}  // namespace

Loop::Loop(LoopParts parts, LoopSettings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      course_(settings_.course, parts_.loader.main().dataset().size()),
      step_({parts_.group, parts_.model, parts_.task, parts_.optimizer}, step_settings_of(settings_),
            course_.stage().trainable_from),
      step_times_(parts_.loader, parts_.group),
      target_(settings_.target),
      skipped_(settings_.course.training) {
  for (const std::string& source : parts_.task.further_sources()) {
    if (!parts_.loader.further().contains(source))
      throw std::logic_error("Loop: no loader of the task's source '" + source + "'");
  }
  tell_stage(course_);
}

double Loop::elapsed_s() const { return elapsed_before_s_ + seconds_since(start_); }

StepReport Loop::step() {
  const int64_t number = course_.position().step;
  const data::StepBatch batch = next_batch();
  const double lr = course_.learning_rate();
  StepOutcome outcome;
  std::optional<SkippedStep> skipped;
  try {
    outcome = compute(batch);
    if (!outcome.finite()) skipped = skip(batch, outcome);
  } catch (const distributed::RanksLost&) {
    if (settings_.rewindable) step_.discard();
    throw;
  }
  auto& scaler = step_.scaler();
  const auto loss_scale = scaler ? std::make_optional(scaler->scale()) : std::nullopt;
  if (outcome.finite()) {
    skipped_.note_finite();
    if (!scaler || scaler->accept(number + 1)) step_.update(lr, number);
  }
  course_.step_done();
  return {course_.position(), outcome.loss, lr, settings_.course.training.global_batch, outcome.stop, loss_scale, skipped};
}

// The first half of a step, to the point at which all ranks know its outcome.
StepOutcome Loop::compute(const data::StepBatch& batch) {
  distributed::Group& group = parts_.group;
  {
    const distributed::InPhase phase(group.status(), distributed::Phase::compute);
    const models::BeginAtMaps from_features(cached_ ? &cached_->network() : nullptr);
    step_.compute_gradients(batch, course_.position().step);
  }
  group.wait_for_device();
  StepOutcome outcome = agree_on_step(group, step_.loss(), step_.not_finite(), stop_requested(), step_times_.busy());
  step_times_.end_step(outcome.busy);
  return outcome;
}

InspectedStep Loop::inspect_step() {
  data::StepBatch batch = next_batch();
  const StepOutcome outcome = compute(batch);
  return {std::move(batch), outcome, course_.learning_rate(), step_.gradients()};
}

SkippedStep Loop::skip(const data::StepBatch& batch, const StepOutcome& outcome) {
  auto divergence = find_divergence(parts_.group, outcome, loader(), batch, step_.own_loss(), step_.gradients());
  divergence.step.restored_step = step_.roll_back();
  if (divergence.step.restored_step) cached_.reset();  // the frozen layers may be those of an earlier stage
  skipped_.add(course_.position().step + 1, divergence);
  if (!divergence.step.restored_step) step_.discard();
  return divergence.step;
}

int64_t Loop::skipped_steps() const { return skipped_.total() + (step_.scaler() ? step_.scaler()->skipped() : 0); }

data::StepBatch Loop::next_batch() {
  parts_.group.status().begin_step(course_.position().step + 1);
  if (course_.stage().cache_features && !cached_) cache_features();
  const distributed::InPhase phase(parts_.group.status(), distributed::Phase::input);
  return loader().next();
}

data::StepLoader& Loop::loader() { return cached_ ? cached_->loader() : parts_.loader; }

// Before the first step of a stage with cached features, also after a resume: what a checkpoint holds of them is the weights.
void Loop::cache_features() {
  const auto since = Clock::now();
  cached_.emplace(parts_.group, parts_.model, parts_.loader.main(), settings_.evaluation);
  cached_->loader().seek(course_.position().epoch, course_.position().batch);
  tell_pause(since);
  step_times_.restart();
}

Ending Loop::run(const PausePoint& pause) {
  start_ = Clock::now();
  step_times_.restart();
  complete_interrupted();
  while (!course_.finished() && !pause.reached(course_.position())) {
    const Progress done = advance();
    if (done.stop || course_.save_due(done.best)) save(done.best);
    if (done.epoch_ended || saved_ == course_.position()) step_times_.restart();
    if (done.stop && !course_.finished()) return Ending::stopped;
  }
  if (saved_ != course_.position()) save(false);
  return course_.finished() ? Ending::finished : Ending::paused;
}

// Does what is still to be done after the last step, if that was interrupted.
void Loop::complete_interrupted() {
  if (!interrupted_) return;
  best_ = *interrupted_;
  interrupted_.reset();
  if (course_.epoch_complete()) best_ = end_epoch();
  if (course_.position().step > 0 && course_.save_due(best_)) save(best_);
}

void Loop::run_until(int64_t steps) {
  while (!course_.finished() && course_.position().step < steps) advance();
}

Loop::Progress Loop::advance() {
  const StepReport report = step();
  best_ = false;
  for (Observer* observer : observers_) observer->step_done(report, elapsed_s());
  // All ranks then stop at the same step, and save() throws on all of them.
  if (place_.checkpoints && place_.checkpoints->failed()) request_stop();
  const int64_t every = settings_.drift.check_every_steps;
  if (every > 0 && course_.position().step % every == 0) compare_ranks();
  const bool epoch_ended = course_.epoch_complete();
  if (epoch_ended) best_ = end_epoch();
  return {report.stop, epoch_ended, best_};
}

// Returns whether the validation loss is the best so far; the result is the same on all ranks. If the evaluation throws, the
// epoch has not ended.
bool Loop::end_epoch() {
  const Course before = course_;
  course_.count_epoch();
  const Position position = course_.position();
  bool good_enough = false;
  std::optional<double> loss;
  try {
    if (course_.evaluation_due()) loss = evaluate(good_enough);
  } catch (const distributed::RanksLost&) {
    course_ = before;
    throw;
  }
  const EpochEnd end = course_.end_epoch(loss, good_enough);
  if (end.lowered_rate) log::info("no better validation loss: the learning rate falls to {:.3g}", *end.lowered_rate);
  for (Observer* observer : observers_) observer->epoch_done(position, loss, elapsed_s());
  if (end.stage_ended) {
    cached_.reset();
    parts_.loader.seek(course_.position().epoch, course_.position().batch);  // a stage with cached features has not moved it
  }
  if (end.stage_ended && course_.position().stage < static_cast<int64_t>(course_.stages())) {
    step_.train_from(course_.stage().trainable_from);
    tell_stage(course_);
  }
  return end.best;
}

// The loss of the validation split with the weights that a checkpoint would hold; std::nullopt without such a split.
std::optional<double> Loop::evaluate(bool& good_enough) {
  if (!parts_.validation) return std::nullopt;
  const auto since = Clock::now();
  const ScopedAverage use_average(step_.average());
  const auto result = trainer::evaluate(parts_.group, parts_.model, parts_.task, *parts_.validation, settings_.evaluation);
  require_finite(result, "validation");
  last_validation_ = result.metrics;
  for (Observer* observer : observers_) observer->evaluated(course_.position(), last_validation_, elapsed_s());
  tell_pause(since);
  good_enough = target_.observe(last_validation_, course_.position(), elapsed_s());
  return result.loss;
}

// The bits of the state must be equal on all ranks. They are compared once after a step.
void Loop::compare_ranks() {
  const int64_t step = course_.position().step;
  if (parts_.group.size() == 1 || settings_.drift.check_every_steps == 0 || compared_ == step) return;
  compared_ = step;
  const NamedTensors state = step_.shared_state();
  const auto difference = distributed::compare_state(parts_.group, state);
  if (!difference) return;
  resolve_drift(parts_.group, *difference, state, settings_.drift.on_drift, step);
  cached_.reset();  // a rank may have computed its part with frozen layers that had drifted
  for (Observer* observer : observers_) observer->healed(course_.position(), difference->ranks, difference->tensor, elapsed_s());
}

// The state is written while training goes on. Checkpoints::save throws what has failed for good, and on_all_ranks ends all
// ranks.
void Loop::save(bool best) {
  const auto since = Clock::now();
  compare_ranks();
  NamedTensors memory = step_.gather_memory();
  distributed::on_all_ranks(parts_.group, [&] {
    if (!place_.checkpoints) return;
    const distributed::InPhase phase(parts_.group.status(), distributed::Phase::save);
    const int64_t number = course_.position().step;
    checkpoint::TrainingState whole = state();
    for (auto& item : memory) whole.optimizer.push_back(std::move(item));
    place_.checkpoints->save(number, whole, best && settings_.course.checkpoint.best);
  });
  saved_ = course_.position();
  saving_s_ += seconds_since(since);
  tell_pause(since);
}

void Loop::settle_saving() {
  if (!place_.checkpoints) return;
  const distributed::InPhase phase(parts_.group.status(), distributed::Phase::save);
  place_.checkpoints->settle();
}

void Loop::finish_saving() {
  const auto since = Clock::now();
  distributed::on_all_ranks(parts_.group, [&] {
    if (!place_.checkpoints) return;
    const distributed::InPhase phase(parts_.group.status(), distributed::Phase::save);
    place_.checkpoints->finish();
  });
  saving_s_ += seconds_since(since);
}

void Loop::tell_pause(Clock::time_point since) {
  for (Observer* observer : observers_) observer->paused(seconds_since(since));
}

checkpoint::TrainingState Loop::state() {
  checkpoint::TrainingState state;
  state.state = course_.state();
  state.state["elapsed_s"] = elapsed_s();
  state.state["target"] = target_.state();
  state.state["skipped"] = skipped_.state();
  state.state["card"] = place_.card;
  step_.save(state);
  return state;
}

checkpoint::TrainingState Loop::interrupted_state() {
  checkpoint::TrainingState whole = state();
  whole.state["interrupted"] = {{"best", best_}, {"validation", last_validation_}};
  checkpoint::TrainingState copy;
  checkpoint::take_snapshot(whole, copy);
  return copy;
}

void Loop::load(const checkpoint::TrainingState& saved) {
  course_.load(saved.state);
  if (saved.state.contains("elapsed_s")) elapsed_before_s_ = number_at(saved.state, "elapsed_s", 0, kLongest_s);
  if (saved.state.contains("skipped")) skipped_.load(saved.state.at("skipped"));  // earlier versions do not count them
  target_.load(saved.state.value("target", nlohmann::json()));
  step_.load(saved);
  const Position& position = course_.position();
  cached_.reset();
  parts_.loader.seek(position.epoch, position.batch);
  saved_ = position;
  if (const auto interrupted = saved.state.find("interrupted"); interrupted != saved.state.end()) {
    interrupted_ = interrupted->at("best").get<bool>();
    last_validation_ = interrupted->at("validation");
    saved_.reset();
  }
  if (course_.finished()) return;
  step_.train_from(course_.stage().trainable_from);
  tell_stage(course_);
}

}  // namespace hpcai::trainer
