#include "hpcai/trainer/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::trainer {
namespace {

int64_t epochs_of(const TrainingConfig& training) {
  int64_t epochs = 0;
  for (const StageConfig& stage : stages_of(training)) epochs += stage.epochs;
  return epochs;
}

}  // namespace

CourseLength length_of(const TrainingConfig& training, int64_t samples) {
  CourseLength length;
  length.steps_per_epoch = samples / training.global_batch;
  length.dropped_per_epoch = samples % training.global_batch;
  if (length.steps_per_epoch == 0) return length;
  length.steps = epochs_of(training) * length.steps_per_epoch;
  if (training.max_steps > 0) length.steps = std::min(length.steps, training.max_steps);
  length.epochs = (length.steps + length.steps_per_epoch - 1) / length.steps_per_epoch;
  return length;
}

std::vector<StageConfig> stages_of(const TrainingConfig& training) {
  if (!training.stages.empty()) return training.stages;
  StageConfig whole;
  whole.epochs = training.epochs;
  whole.early_stop_patience = training.early_stop_patience;
  return {whole};
}

CourseSettings CourseSettings::from(const Experiment& experiment) {
  return {experiment.training, experiment.schedule, optim::base_rate(experiment.optimizer, experiment.training.global_batch),
          experiment.checkpoint, experiment.evaluation.every_epochs};
}

Course::Course(CourseSettings settings, int64_t samples)
    : settings_(std::move(settings)),
      stages_(stages_of(settings_.training)),
      length_(length_of(settings_.training, samples)),
      early_stop_(0) {
  begin_stage();
}

bool Course::finished() const {
  const int64_t limit = settings_.training.max_steps;
  return position_.stage == std::ssize(stages_) || (limit > 0 && position_.step >= limit);
}

const StageConfig& Course::stage() const { return stages_.at(static_cast<size_t>(position_.stage)); }

double Course::learning_rate() const {
  const optim::ScheduleState state{plateau_ ? plateau_->factor() : 1.0};
  return optim::learning_rate(settings_.schedule, state, settings_.base_lr, position_.stage_step, length_.steps_per_epoch,
                              stage_steps());
}

// The steps of the present stage if it does not end early.
int64_t Course::stage_steps() const {
  const int64_t steps = stage().epochs * length_.steps_per_epoch;
  const int64_t limit = settings_.training.max_steps;
  const int64_t start = position_.step - position_.stage_step;
  return limit > 0 ? std::max<int64_t>(1, std::min(steps, limit - start)) : steps;
}

void Course::step_done() {
  ++position_.step;
  ++position_.batch;
  ++position_.stage_step;
}

void Course::count_epoch() {
  ++position_.epoch;
  ++position_.stage_epoch;
  position_.batch = 0;
}

bool Course::evaluation_due() const { return position_.epoch % settings_.evaluate_every_epochs == 0; }

EpochEnd Course::end_epoch(std::optional<double> validation_loss, bool good_enough) {
  EpochEnd end;
  bool stop_early = false;
  if (validation_loss) {
    if (plateau_ && plateau_->observe(*validation_loss)) end.lowered_rate = learning_rate();
    stop_early = early_stop_.observe(*validation_loss);
    end.best = best_.observe(*validation_loss);
  }
  end.stage_ended = good_enough || stop_early || position_.stage_epoch == stage().epochs;
  if (!end.stage_ended) return end;
  position_.stage = good_enough ? std::ssize(stages_) : position_.stage + 1;
  position_.stage_epoch = position_.stage_step = 0;
  if (position_.stage < std::ssize(stages_)) begin_stage();
  return end;
}

void Course::begin_stage() {
  const auto* plateau = std::get_if<optim::PlateauConfig>(&settings_.schedule);
  plateau_ = plateau && stage().plateau ? std::make_optional<optim::Plateau>(*plateau) : std::nullopt;
  early_stop_ = optim::EarlyStop(stage().early_stop_patience);
}

bool Course::save_due(bool best) const {
  const auto& config = settings_.checkpoint;
  const bool between_epochs = position_.batch == 0;
  return (config.every_steps > 0 && position_.step % config.every_steps == 0) ||
         (between_epochs && config.every_epochs > 0 && position_.epoch % config.every_epochs == 0) || (best && config.best);
}

nlohmann::json Course::state() const {
  nlohmann::json state = {{"position", position_}, {"early_stop", early_stop_.state()}, {"best", best_.state()}};
  if (plateau_) state["plateau"] = plateau_->state();
  return state;
}

void Course::load(const nlohmann::json& state) {
  position_ = state.at("position").get<Position>();
  check_position();
  plateau_.reset();
  if (position_.stage < std::ssize(stages_)) begin_stage();
  early_stop_.load(state.at("early_stop"));
  best_.load(state.at("best"));
  if (plateau_) plateau_->load(state.at("plateau"));
}

// Throws Error{cannot_resume} for counts that contradict each other or the length of this training. The counts come from a file
// and may be huge, so the checks divide instead of multiplying.
void Course::check_position() const {
  const Position& at = position_;
  const int64_t last = std::ssize(stages_), per_epoch = length_.steps_per_epoch;
  const bool in_range =
      per_epoch > 0 && at.step >= 0 && at.stage >= 0 && at.stage <= last && at.stage_step >= 0 && at.stage_step <= at.step;
  // A position after the last batch of an epoch, before count_epoch(), is one of the epoch that ends.
  const auto fits = [&](int64_t steps, int64_t epochs) {
    return at.batch >= 0 && at.batch <= per_epoch && at.batch <= steps && (steps - at.batch) % per_epoch == 0 &&
           (steps - at.batch) / per_epoch == epochs;
  };
  const bool of_epochs = in_range && fits(at.step, at.epoch);
  const bool of_stage = of_epochs && at.stage < last && fits(at.stage_step, at.stage_epoch) && at.stage_epoch < stage().epochs;
  const bool after_stages = of_epochs && at.stage == last && at.stage_step == 0 && at.stage_epoch == 0;
  if (of_stage || after_stages) return;
  throw Error(ExitCode::cannot_resume,
              fmt::format("the checkpoint stands at step {}, epoch {}, batch {}, stage {}, which this training of {} steps an "
                          "epoch and {} cannot reach",
                          at.step, at.epoch, at.batch, at.stage, per_epoch, plural(last, "stage")),
              "Resume with the data and settings of the run, or start a new run.");
}

}  // namespace hpcai::trainer
