#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "hpcai/checkpoint/config.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/config.h"
#include "hpcai/optim/plateau.h"
#include "hpcai/trainer/position.h"
#include "hpcai/trainer/training_config.h"

// Decides when a training does what. Pure arithmetic: it knows neither the model, nor the data, nor the ranks.
namespace hpcai::trainer {

struct Experiment;

// The length of a training in which no stage ends early.
struct CourseLength {
  int64_t steps_per_epoch = 0;
  int64_t dropped_per_epoch = 0;  // samples at the end of an epoch that do not fill a global batch
  int64_t epochs = 0;             // epochs that begin; max_steps may end the last one early
  int64_t steps = 0;              // steps of the whole training
};

// The length of a training with `samples` training samples. If they do not fill one global batch, dropped_per_epoch is `samples`
// and the other counts are 0.
CourseLength length_of(const TrainingConfig& training, int64_t samples);

// The stages of a training. A config without stages has one stage that trains all layers.
std::vector<StageConfig> stages_of(const TrainingConfig& training);

// The settings that decide when something happens.
struct CourseSettings {
  TrainingConfig training;
  optim::ScheduleConfig schedule;
  optim::BaseRate base_lr = 0;
  checkpoint::CheckpointConfig checkpoint;
  int64_t evaluate_every_epochs = 1;

  static CourseSettings from(const Experiment& experiment);
};

// What the end of an epoch has changed.
struct EpochEnd {
  std::optional<double> lowered_rate;  // the new learning rate, if the plateau schedule has lowered it
  bool best = false;                   // the validation loss is the lowest so far
  bool stage_ended = false;            // the next step belongs to another stage, or the training ends
};

// The position of a training, and what is due next. It is equal on all ranks, because all ranks give it the same losses and
// counts.
//
//   while (!finished()):
//     train one step at learning_rate(), then step_done()
//     if epoch_complete():  count_epoch();  evaluate if evaluation_due();  end_epoch(loss, good_enough)
//     save if save_due()
class Course {
 public:
  // `samples`: number of training samples. Starts at step 0.
  Course(CourseSettings settings, int64_t samples);

  const CourseLength& length() const { return length_; }
  const Position& position() const { return position_; }
  bool finished() const;  // whether all stages, or max_steps, are done
  size_t stages() const { return stages_.size(); }
  const StageConfig& stage() const;  // the stage of the next step; throws std::out_of_range after the last stage
  double learning_rate() const;      // of the next step; needs !finished()

  void step_done();  // advances the position by one step
  bool epoch_complete() const { return position_.batch == length_.steps_per_epoch; }
  void count_epoch();           // advances the position to the next epoch
  bool evaluation_due() const;  // after the epoch that was counted last
  // Ends the epoch that was counted last. `validation_loss`: std::nullopt if it was not measured. `good_enough`: the training
  // shall end now.
  EpochEnd end_epoch(std::optional<double> validation_loss, bool good_enough);
  // Whether a checkpoint is due after the last step. `best`: EpochEnd::best if the step ended an epoch, else false.
  bool save_due(bool best) const;

  // The state for a checkpoint: {"position", "early_stop", "best"} and, with a plateau schedule, "plateau".
  nlohmann::json state() const;
  // Within checkpoint::read_content(): throws Error{cannot_resume} for a place that this training cannot reach, and what
  // nlohmann-json throws or std::out_of_range for a part that is missing or of another type.
  void load(const nlohmann::json& state);

 private:
  int64_t stage_steps() const;
  void begin_stage();
  void check_position() const;

  CourseSettings settings_;
  std::vector<StageConfig> stages_;
  CourseLength length_;
  Position position_;
  std::optional<optim::Plateau> plateau_;  // if a plateau may lower the rate in this stage
  optim::EarlyStop early_stop_;            // of this stage
  optim::Lowest best_;
};

}  // namespace hpcai::trainer
