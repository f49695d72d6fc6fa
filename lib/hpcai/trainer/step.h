#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/training_config.h"
#include "hpcai/trainer/loss_scaler.h"
#include "hpcai/trainer/pass_input.h"

namespace hpcai::trainer {

// What a step works with; everything outlives it.
struct StepContext {
  distributed::Group& group;
  models::Model& model;
  const tasks::Task& task;
  optim::Optimizer& optimizer;
};

struct StepSettings {
  Precision precision = Precision::fp32;
  int64_t accumulation = 1;
  uint64_t seed = 1;
  double clip_norm = 0;
  double average_decay = 0;
  distributed::ReducerOptions reducer = {};

  static StepSettings from(const TrainingConfig& training, const distributed::ReducerOptions& reducer);
};

// The computation of one training step, the same for training, `bench` and calibration:
//
//   step.compute_gradients(batch, number)   forward, loss, backward, mean over the ranks
//   the ranks agree on the outcome (step_outcome.h): is the loss finite, has a gradient overflowed?
//   step.update(lr, number)                 clipping, update rule, average of the weights
//
// Both halves read nothing back from the device, so that a GPU can capture each as a graph: the samples lie in fixed memory,
// and what differs from step to step (learning rate, loss scale, seed) is set before, as values on the device. The outcome is
// read between the halves and not masked on the device, because a step whose loss is not finite must leave no trace in any
// state of any update rule, and the host needs the outcome anyway to stop in time.
class Step {
 public:
  // Gives all ranks the weights of rank 0. `trainable_from`: as in train_from().
  Step(StepContext context, StepSettings settings, const std::string& trainable_from);

  // Freezes the layers before `layer` and arranges the gradients of the others; see Model::set_trainable_from.
  void train_from(const std::string& layer);

  // Step `number` counts from 0. The batch is this rank's; it must stay alive until the outcome has been read.
  void compute_gradients(const data::StepBatch& batch, int64_t number);
  void update(double lr, int64_t number);

  // For measurements: called after the forward part of each pass.
  void on_forward_done(std::function<void()> tell) { forward_done_ = std::move(tell); }

  const at::Tensor& loss() const { return loss_; }         // this rank's mean of the last gradients, [] on the device
  std::optional<LossScaler>& scaler() { return scaler_; }  // where numbers are so narrow that the loss is scaled
  const std::optional<LossScaler>& scaler() const { return scaler_; }
  WeightAverage& average() { return average_; }

  // Writes weights, optimizer and loss scale into a training state. Its `model` holds the weights to use: the averaged ones
  // where there is an average.
  void save(checkpoint::TrainingState& state);
  // Throws Error{cannot_resume} if the state does not fit.
  void load(const checkpoint::TrainingState& state);

 private:
  void begin_pass(const data::StepBatch& batch, int64_t pass, int64_t number);
  void compute_pass(bool last);
  void apply();

  StepContext context_;
  StepSettings settings_;
  PassInput input_;
  at::Tensor loss_;
  std::vector<at::Tensor> trained_;  // parameters
  std::unique_ptr<distributed::Reducer> reducer_;
  std::optional<LossScaler> scaler_;
  WeightAverage average_;
  std::function<void()> forward_done_;
};

}  // namespace hpcai::trainer
