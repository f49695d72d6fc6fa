#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "hpcai/checkpoint/config.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/config.h"
#include "hpcai/optim/plateau.h"
#include "hpcai/trainer/training_config.h"
#include "hpcai/trainer/position.h"

// When a training does what: arithmetic alone, without a model, data or ranks.
namespace hpcai::trainer {

struct Experiment;

// How long a training is if no stage ends early.
struct CourseLength {
  int64_t steps_per_epoch = 0;
  int64_t dropped_per_epoch = 0;  // samples that do not fill a global batch
  int64_t epochs = 0;             // begun
  int64_t steps = 0;              // all of them
};

// For `samples` training samples. Without a full global batch all counts but dropped_per_epoch are 0.
CourseLength length_of(const TrainingConfig& training, int64_t samples);

// The stages of a training; one that trains everything where the config names none.
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
  std::optional<double> lowered_rate;  // by the plateau schedule: the learning rate from now on
  bool best = false;                   // no validation loss before was as low
  bool stage_ended = false;            // the next step, if any, belongs to another stage
};

// Runs `read`, which takes a checkpoint's state.json apart. What it throws for parts that are missing, of another type or out of
// range becomes Error{cannot_resume}.
void read_saved_state(const std::function<void()>& read);

// Where a training stands and what is due next. All ranks have the same, because everything it hears is the same on all.
//
//   while (!finished()):
//     train one step at learning_rate(), then step_done()
//     if epoch_complete():  count_epoch();  evaluate if evaluation_due();  end_epoch(loss, good_enough)
//     save if save_due()
class Course {
 public:
  Course(CourseSettings settings, int64_t samples);

  const CourseLength& length() const { return length_; }
  const Position& position() const { return position_; }
  bool finished() const;
  size_t stages() const { return stages_.size(); }
  const StageConfig& stage() const;  // the one of the next step; throws std::out_of_range if there is none
  double learning_rate() const;      // of the next step, which must exist

  void step_done();
  bool epoch_complete() const { return position_.batch == length_.steps_per_epoch; }
  void count_epoch();
  bool evaluation_due() const;  // after the epoch that was counted last
  // Hears the validation loss, if it was measured, and whether training has become good enough to end here.
  EpochEnd end_epoch(std::optional<double> validation_loss, bool good_enough);
  // `best`: what end_epoch() said, if the step ended an epoch.
  bool save_due(bool best) const;

  // Of a checkpoint: {"position", "early_stop", "best"} and, where the rate waits for a plateau, "plateau".
  nlohmann::json state() const;
  // Throws Error{cannot_resume} if a part is missing, is of another type, or does not fit the settings and the data.
  void load(const nlohmann::json& state);

 private:
  int64_t stage_steps() const;
  void begin_stage();
  void check_position() const;

  CourseSettings settings_;
  std::vector<StageConfig> stages_;
  CourseLength length_;
  Position position_;
  std::optional<optim::Plateau> plateau_;  // where the schedule waits for one in this stage
  optim::EarlyStop early_stop_;            // of this stage
  optim::Lowest best_;
};

}  // namespace hpcai::trainer
