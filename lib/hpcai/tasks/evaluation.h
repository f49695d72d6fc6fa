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

struct EvaluationResult {
  nlohmann::json metrics;                      // {"loss", "samples", "accuracy", ...}; null values where no truth is known
  double loss = 0;                             // mean over all samples of all ranks whose truth is known; NaN without any
  metrics::Predictions::Gathered predictions;  // of all ranks, as the task defines them
};

// One evaluation of a split: add() on each rank for its batches, then finish() once on all ranks. A task derives from it and
// keeps its sums on the device.
class Evaluation {
 public:
  explicit Evaluation(at::Device device) : loss_(device) {}
  virtual ~Evaluation() = default;

  // Adds the samples with these numbers in the data set. The model is in evaluation mode and records no gradients.
  void add(const Network& network, const Batch& batch, const std::vector<int64_t>& index);
  // The quality of the whole split, the same on all ranks.
  EvaluationResult finish(distributed::Group& group);

 protected:
  struct Outcome {
    at::Tensor loss;        // scalar, a mean over the batch; undefined where the truth is not known
    at::Tensor prediction;  // [batch, ...]
  };
  // What the network says about a batch. Adds it to the sums of the task's own metrics where batch.target is defined.
  virtual Outcome measure(const Network& network, const Batch& batch) = 0;
  // The task's own metrics of all samples of all ranks; called on all ranks.
  virtual nlohmann::json reduce(distributed::Group& group, const metrics::Predictions::Gathered& all) = 0;

 private:
  metrics::MeanLoss loss_;
  metrics::Predictions predictions_;
};

}  // namespace hpcai::tasks
