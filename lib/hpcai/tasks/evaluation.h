#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/predictions.h"
#include "hpcai/tasks/batch.h"
#include "hpcai/tasks/network.h"

namespace hpcai::tasks {

// The result of an evaluation, the same on all ranks.
struct EvaluationResult {
  nlohmann::json metrics;                      // {"loss", "samples", "accuracy", ...}; values are null if no sample has a truth
  double loss = 0;                             // mean over the samples of all ranks whose truth is known; NaN if there are none
  metrics::Predictions::Gathered predictions;  // of all ranks; the task defines the columns
};

// One evaluation of a split. Each rank calls add() for its batches; then all ranks call finish() once. A task derives from this
// class and keeps its sums on the device.
class Evaluation {
 public:
  // `each_step`: whether predictions are those of each step of a sequence, [batch, time, columns]; data::SampleSpec::each_step.
  explicit Evaluation(bool each_step = false) : each_step_(each_step) {}
  virtual ~Evaluation() = default;

  // Adds the samples of `batch`: input [batch, ...], target [batch, ...] or undefined. `index`: their numbers in the data set.
  // The caller sets the model to evaluation mode and disables gradients.
  void add(const Network& network, const Batch& batch, const std::vector<int64_t>& index);
  // Combines the sums of all ranks and returns the result for the whole split.
  EvaluationResult finish(distributed::Group& group);

 protected:
  struct Outcome {
    at::Tensor loss;        // [], the mean over the batch; undefined if the truth is not known
    at::Tensor prediction;  // [batch, ...]
  };
  // Runs the network on a batch. If batch.target is defined, adds the batch to the sums of the task's own metrics. `index`: the
  // samples' numbers in the data set.
  virtual Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>& index) = 0;
  // The task's own metrics over the samples of all ranks. All ranks call it at the same time.
  virtual nlohmann::json reduce(distributed::Group& group, const metrics::Predictions::Gathered& all) = 0;

 private:
  metrics::MeanLoss loss_;
  metrics::Predictions predictions_;
  bool each_step_;
};

}  // namespace hpcai::tasks
