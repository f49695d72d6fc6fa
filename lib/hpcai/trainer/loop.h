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
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/observer.h"
#include "hpcai/trainer/step.h"
#include "hpcai/trainer/step_times.h"
#include "hpcai/trainer/target.h"

namespace hpcai::trainer {

// What a training works with, built by build.h; everything outlives the loop.
struct LoopParts {
  distributed::Group& group;
  data::StepLoader& loader;  // of the training samples, and of every further source of the task
  models::Model& model;
  const tasks::Task& task;
  optim::Optimizer& optimizer;
  const data::Dataset* validation = nullptr;  // none: nothing is evaluated
};

// How it trains: the sections of the config that say so.
struct LoopSettings {
  CourseSettings course;
  distributed::ReducerOptions reducer;
  EvaluationSettings evaluation;
  EvaluationConfig target;  // of which Target reads the target_* keys
};

// Where a rank's checkpoints go.
struct CheckpointPlace {
  checkpoint::Checkpoints* checkpoints = nullptr;  // null: this rank writes none
  // What the checkpoint tells about its model and data, such as class names and a digest of the data: in state.json as "card".
  nlohmann::json card = nlohmann::json::object();
};

enum class Ending { finished, stopped };

// The training loop. Read step() first, then run(). Every rank has one, and all do the same at the same time.
class Loop {
 public:
  // Throws std::logic_error if the loader lacks a source of the task.
  Loop(LoopParts parts, LoopSettings settings);

  void save_to(CheckpointPlace place) { place_ = std::move(place); }
  void add_observer(Observer& observer) { observers_.push_back(&observer); }

  // Trains to the end, or until a rank is asked to stop; then the state has been saved. Throws Error{diverged}.
  Ending run();
  // After run(): what still waits to be saved is saved. Throws Error{cannot_write} on all ranks if it cannot be.
  void finish_saving();
  // One update with one global batch; without an update where a scaled gradient overflowed.
  StepReport step();

  const Course& course() const { return course_; }
  Step& computation() { return step_; }
  StepTimes& step_times() { return step_times_; }
  const Target& target() const { return target_; }
  const nlohmann::json& last_validation() const { return last_validation_; }  // null before the first
  double elapsed_s() const;                                                   // of all sittings of this run

  // The whole state.
  checkpoint::TrainingState state();
  // Throws Error{cannot_resume} if the state does not fit.
  void load(const checkpoint::TrainingState& state);

 private:
  data::StepBatch next_batch();
  bool end_epoch();
  std::optional<double> evaluate(bool& good_enough);
  void save(bool best);
  void retry_saving();
  void tell_pause(std::chrono::steady_clock::time_point since);

  LoopParts parts_;
  LoopSettings settings_;
  Course course_;
  Step step_;
  StepTimes step_times_;
  Target target_;
  CheckpointPlace place_;
  std::vector<Observer*> observers_;
  std::optional<Position> saved_;
  nlohmann::json last_validation_;
  double elapsed_before_s_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace hpcai::trainer
