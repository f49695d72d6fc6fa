#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/data/loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/optim/plateau.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/loss_scaler.h"
#include "hpcai/trainer/position.h"
#include "hpcai/trainer/step_times.h"

namespace hpcai::trainer {

// What a trainer works with, built by build.h; everything outlives the trainer.
struct Parts {
  distributed::Group& group;
  const data::Dataset& dataset;
  data::Loader& loader;
  models::Model& model;
  const tasks::Task& task;
  optim::Optimizer& optimizer;
};

// How it trains: the sections of the config that say so.
struct Settings {
  TrainingConfig training;
  optim::ScheduleConfig schedule;
  optim::BaseRate base_lr = 0;
  checkpoint::CheckpointConfig checkpoint;
  int64_t evaluate_every_epochs = 1;
  distributed::ReducerOptions reducer;
};

struct StepReport {
  Position position;  // after the step
  double loss = 0;    // mean over the global batch
  double lr = 0;
  int64_t samples = 0;                              // of all ranks
  bool stop = false;                                // some rank was asked to stop: this was the last step
  std::optional<double> loss_scale = std::nullopt;  // that the step used, where the loss is scaled
};

// How good the validation split was found.
struct Validation {
  double loss = 0;
  bool good_enough = false;  // the quality at which training shall end has been reached
};

// What a run does with what happens in training. Every rank has one, and all are called alike.
class Events {
 public:
  virtual ~Events() = default;
  virtual void step_done(const StepReport&) {}
  // Evaluates the validation split; nothing if there is no such split.
  virtual std::optional<Validation> evaluate(const Position&) { return std::nullopt; }
  virtual void epoch_done(const Position&, std::optional<double> /*validation_loss*/) {}
  virtual void save(const Position&, bool /*best*/) {}
};

enum class Ending { finished, stopped };

// The training loop. Read step() first, then run().
class Trainer {
 public:
  Trainer(Parts parts, Settings settings, Events& events);
  ~Trainer();

  // Trains to the end, or until a rank is asked to stop; then the state has been saved. Throws Error{diverged}.
  Ending run();
  // One update with one global batch; without an update where a scaled gradient overflowed.
  StepReport step();

  const Position& position() const { return position_; }
  int64_t steps_per_epoch() const { return parts_.loader.sampler().batches_per_epoch(); }
  int64_t total_steps() const;  // if no stage ends early
  StepTimes& step_times() { return step_times_; }
  WeightAverage& average() { return average_; }
  const std::optional<LossScaler>& loss_scaler() const { return scaler_; }  // where the loss is scaled

  // The whole state, of which `model` holds the weights to use: the averaged ones where there is an average.
  checkpoint::TrainingState state();
  // Throws Error{cannot_resume} if the state does not fit.
  void load(const checkpoint::TrainingState& state);

 private:
  bool finished() const;
  const StageConfig& stage() const { return stages_[static_cast<size_t>(position_.stage)]; }
  int64_t stage_steps() const;
  double learning_rate() const;
  void enter_stage();
  data::Batch next_batch();
  at::Tensor forward_backward(const data::Batch& batch);
  void update_weights(double lr);
  bool end_epoch();
  bool save_due(bool epoch_ended, bool best) const;

  Parts parts_;
  Settings settings_;
  Events& events_;
  std::vector<StageConfig> stages_;
  Position position_;
  std::optional<Position> saved_;
  std::vector<at::Tensor> trained_;
  std::unique_ptr<distributed::Reducer> reducer_;
  std::optional<optim::Plateau> plateau_;
  optim::EarlyStop early_stop_;
  optim::Lowest best_;
  WeightAverage average_;
  StepTimes step_times_;
  std::optional<LossScaler> scaler_;  // where numbers are narrow enough to need it
};

// Parameters and buffers by name, in the model's order.
checkpoint::NamedTensors tensors_of(const models::Model& model);

}  // namespace hpcai::trainer
