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
#include "hpcai/trainer/loss_scaler.h"
#include "hpcai/trainer/pass_input.h"
#include "hpcai/trainer/shard_mean.h"
#include "hpcai/trainer/snapshots.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// The parts that a step uses. They must outlive it.
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
  bool discardable = false;     // whether discard() can be called
  int64_t roll_back_steps = 0;  // the k of Snapshots; 0: roll_back() does nothing
  distributed::ReducerOptions reducer = {};
  int64_t shards = 0;  // distributed.deterministic_shards; needs accumulation 1

  static StepSettings from(const TrainingConfig& training, const distributed::ReducerOptions& reducer, int64_t shards);
};

// The computation of one training step, for training, `bench` and calibration:
//
//   step.compute_gradients(batch, number)   forward, loss, backward, mean over the ranks
//   agree_on_step() of step_outcome.h       are the loss and the gradients finite on all ranks?
//   step.update(lr, number)                 clipping, update rule, average of the weights
//
// The host reads nothing back from the device within the two halves. It reads the outcome between them, because a step whose loss
// is not finite must not change the state of the update rule. The samples of a pass are in fixed memory, and values that change
// from step to step (learning rate, loss scale, seed) are set on the device before. So a GPU can capture compute_pass() and
// apply() as graphs; begin_pass() and the exchange stay outside.
//
// With shards each pass is one shard, and a CPU rank computes on one thread, because LibTorch's sums depend on their number.
class Step {
 public:
  // Sends the weights of rank 0 to all ranks. `trainable_from`: as in train_from(). Throws std::invalid_argument for shards that
  // the ranks do not divide.
  Step(StepContext context, StepSettings settings, const std::string& trainable_from);

  // Freezes the layers before `layer` and makes a reducer for the gradients of the others; see Model::set_trainable_from.
  void train_from(const std::string& layer);

  // Computes the gradients of step `number` (from 0) and averages them over the ranks. `batch`: this rank's part of the global
  // batch of every source, input [batch, ...] and target [batch, ...]. It must stay alive until the outcome has been read.
  void compute_gradients(const data::StepBatch& batch, int64_t number);
  // Updates the weights and their average with the gradients of step `number`.
  void update(double lr, int64_t number);

  // Instead of update(): restores the running statistics as they were before compute_gradients(), so that the step leaves no
  // trace. Needs StepSettings::discardable.
  void discard();
  // Instead of update(): restores an earlier state of the whole training. Returns the number of steps after which the state was
  // so; std::nullopt, and does nothing, without StepSettings::roll_back_steps.
  std::optional<int64_t> roll_back();

  // Sets a function that is called after the forward part of each pass, for measurements.
  void on_forward_done(std::function<void()> tell) { forward_done_ = std::move(tell); }

  // [] on the device: mean loss of this rank's last batch, or with shards that of the whole global batch.
  const at::Tensor& loss() const { return loss_; }
  const at::Tensor& own_loss() const { return own_loss_; }  // [] on the device: of this rank's last batch, always
  // [] float32 on the device: 1 if an averaged gradient is not finite, else 0. Always 0 if the loss is scaled, because the scaler
  // then checks the gradients.
  const at::Tensor& not_finite() const { return not_finite_; }
  NamedTensors gradients() const;                          // of the trained parameters, under their names
  std::optional<LossScaler>& scaler() { return scaler_; }  // if the loss is scaled; see needs_loss_scale()
  const std::optional<LossScaler>& scaler() const { return scaler_; }
  WeightAverage& average() { return average_; }

  // What is equal on all ranks, bit for bit: parameters, optimizer state, averages and their snapshots; running statistics unless
  // a batch norm is `local`. The tensors share memory with the model, the optimizer, the average and the snapshots.
  NamedTensors shared_state() const;
  // Returns the memory of gradient compression of all ranks on rank 0, for a checkpoint. Every rank calls it.
  NamedTensors gather_memory() const;
  // Writes weights, optimizer state, snapshots and loss scale into `state`. state.model receives the averaged weights if there is
  // an average. Without gather_memory() in state.optimizer, a training that resumes begins with an empty memory.
  void save(checkpoint::TrainingState& state);
  // Within checkpoint::read_content(): throws Error{cannot_resume} for tensors that do not fit, and what nlohmann-json throws
  // or std::out_of_range for a loss scale that is missing or none. If `state` has no snapshots, the first one is this state.
  void load(const checkpoint::TrainingState& state);

 private:
  bool sharded() const { return settings_.shards > 0; }
  NamedTensors whole_state() const;
  void compute_passes(const data::StepBatch& batch, int64_t number);
  void compute_shards(const data::StepBatch& batch, int64_t number);
  void begin_pass(const data::StepBatch& batch, int64_t pass, int64_t number);
  at::Tensor compute_pass();
  void check_gradients();
  void apply();

  StepContext context_;
  StepSettings settings_;
  int64_t passes_;
  PassInput input_;
  at::Tensor loss_, own_loss_;
  at::Tensor not_finite_;
  std::vector<double> gradient_squares_;           // of this step, for its update; empty: not known
  at::Tensor one_;                                 // [] float32, 1
  std::vector<at::Tensor> statistics_, kept_;      // the model's running statistics, and their values before this step
  std::vector<at::Tensor> trained_;                // parameters
  std::unique_ptr<distributed::Reducer> reducer_;  // without shards
  NamedTensors loaded_memory_;                     // of gradient compression, for the next reducer
  std::optional<ShardMean> shard_mean_;            // with shards
  std::optional<LossScaler> scaler_;
  WeightAverage average_;
  std::optional<Snapshots> snapshots_;  // to roll back
  std::function<void()> forward_done_;
};

}  // namespace hpcai::trainer
