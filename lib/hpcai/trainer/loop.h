#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/drift.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/feature_cache.h"
#include "hpcai/trainer/observer.h"
#include "hpcai/trainer/pause_point.h"
#include "hpcai/trainer/skipped_steps.h"
#include "hpcai/trainer/step.h"
#include "hpcai/trainer/step_times.h"
#include "hpcai/trainer/target.h"

namespace hpcai::trainer {

// The parts of a training, which build() makes. They must outlive the loop.
struct LoopParts {
  distributed::Group& group;
  data::StepLoader& loader;  // of the training samples, and of every further source of the task
  models::Model& model;
  const tasks::Task& task;
  optim::Optimizer& optimizer;
  const data::Dataset* validation = nullptr;  // null: no evaluations
};

// The settings of a training, from the sections of the config.
struct LoopSettings {
  CourseSettings course;
  distributed::ReducerOptions reducer;
  EvaluationSettings evaluation;
  EvaluationConfig target;  // Target reads its target_* keys
  int64_t shards = 0;       // distributed.deterministic_shards
  DriftSettings drift = {};
  bool rewindable = false;  // whether Loop::interrupted_state() can be called
};

// Where this rank saves checkpoints.
struct CheckpointPlace {
  checkpoint::Checkpoints* checkpoints = nullptr;  // null: this rank saves none
  // A description of the model and the data (make_record() of model_record.h), saved as "card" in state.json.
  nlohmann::json card = nlohmann::json::object();
};

enum class Ending { finished, stopped, paused };

// A step whose gradients were computed, but not used.
struct InspectedStep {
  data::StepBatch batch;  // this rank's part
  StepOutcome outcome;
  double lr = 0;
  NamedTensors gradients;  // means over the ranks
};

// The training loop. Every rank has one, and all ranks call its functions in the same order. Read step() first, then run().
class Loop {
 public:
  // Sends the weights of rank 0 to all ranks. Throws std::logic_error if the loader lacks a source of the task.
  Loop(LoopParts parts, LoopSettings settings);

  // Before run(): sets the place of the checkpoints, and adds an observer, which must outlive the loop.
  void save_to(CheckpointPlace place) { place_ = std::move(place); }
  void add_observer(Observer& observer) { observers_.push_back(&observer); }

  // Trains to the end, to the pause, or until some rank has received a stop signal. Saves a checkpoint in each case. The pause
  // must be the same on all ranks. Throws on all ranks:
  // Error{diverged} if a loss, a gradient or a state to save is not finite; Error{cannot_write} if saving has failed for
  // checkpoint.max_unsaved_s; Error{ranks_disagree} if the state of a rank differs from that of the others.
  Ending run(const PausePoint& pause = {});
  // Instead of run(), to repeat a part of a training: trains as run() does until `steps` steps are done or the training ends.
  // Saves nothing.
  void run_until(int64_t steps);
  // Computes loss and gradients of the next step and updates nothing but running statistics.
  InspectedStep inspect_step();
  // Called after run(): waits until the last checkpoints are on disk. Throws on all ranks Error{cannot_write} if one cannot be
  // written.
  void finish_saving();
  // Called on any rank after an exception: waits until the checkpoint that is being written is on disk.
  void settle_saving();
  // Trains one step with the next global batch. The step leaves the weights unchanged if a scaled gradient has overflowed, or if
  // its loss or a gradient is not finite and training.on_divergence is skip. With roll_back it restores an older state instead.
  StepReport step();

  const Course& course() const { return course_; }
  Step& computation() { return step_; }
  StepTimes& step_times() { return step_times_; }
  const Target& target() const { return target_; }
  int64_t skipped_steps() const;                                              // steps without an update since the training began
  const nlohmann::json& last_validation() const { return last_validation_; }  // metrics; null before the first
  double elapsed_s() const;                      // seconds of training, including the sessions before a resume
  double saving_s() const { return saving_s_; }  // seconds for which this object's training has waited for checkpoints

  // The whole state of the training, for a checkpoint.
  checkpoint::TrainingState state();
  // After run() has thrown distributed::RanksLost: a copy, in CPU memory, of the state before the step, the evaluation or the
  // save that was interrupted. A loop that loads it goes on as if nothing had happened. Needs LoopSettings::rewindable.
  checkpoint::TrainingState interrupted_state();
  // Within checkpoint::read_content(), as what Course::load() and Step::load() throw passes.
  void load(const checkpoint::TrainingState& state);

 private:
  // What a step and the end of its epoch have brought.
  struct Progress {
    bool stop = false, epoch_ended = false, best = false;
  };

  Progress advance();
  void complete_interrupted();
  data::StepBatch next_batch();
  data::StepLoader& loader();
  void cache_features();
  StepOutcome compute(const data::StepBatch& batch);
  SkippedStep skip(const data::StepBatch& batch, const StepOutcome& outcome);
  void compare_ranks();
  bool end_epoch();
  std::optional<double> evaluate(bool& good_enough);
  void save(bool best);
  void tell_pause(std::chrono::steady_clock::time_point since);

  LoopParts parts_;
  LoopSettings settings_;
  Course course_;
  Step step_;
  StepTimes step_times_;
  Target target_;
  SkippedSteps skipped_;
  CheckpointPlace place_;
  std::vector<Observer*> observers_;
  std::optional<CachedStage> cached_;  // in a stage with cached features, from its first step on
  std::optional<Position> saved_;
  std::optional<bool> interrupted_;  // after loading an interrupted_state(): whether the last epoch's loss was the best
  bool best_ = false;                // whether the epoch that ended with the last step had the best loss
  int64_t compared_ = -1;            // steps at the last comparison of the ranks
  nlohmann::json last_validation_;
  double elapsed_before_s_ = 0;
  double saving_s_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace hpcai::trainer
