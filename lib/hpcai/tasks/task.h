#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/predictions.h"
#include "hpcai/metrics/predictions.h"
#include "hpcai/tasks/batch.h"
#include "hpcai/tasks/evaluation.h"
#include "hpcai/tasks/metric.h"
#include "hpcai/tasks/network.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

// What is learnt: the only place that knows which kind of problem an experiment is. A task has no state that training changes;
// all functions may be called in any order.
class Task {
 public:
  virtual ~Task() = default;

  // How many outputs a network needs for such samples. Throws Error{usage} that says why if the task does not fit them.
  virtual int64_t outputs(const data::SampleSpec& spec) const = 0;

  // Names of the sources whose samples loss() needs besides the experiment's data.
  virtual std::vector<std::string> further_sources() const { return {}; }

  // A scalar: a mean over the samples of the batch, so that means over passes and ranks are the mean over the global batch.
  // In float32 (float64 for float64 outputs) also under autocast. Reads no number back from the device.
  virtual at::Tensor loss(const Network& network, const Batch& batch) const = 0;

  // The numbers by which the task is judged, in the order in which people see them; the first is kLoss.
  virtual std::vector<Metric> metrics() const = 0;
  // What an evaluation of such samples would need to give this one of metrics(): "two classes". Empty if it gives it.
  virtual std::string lacks(const Metric& metric, const data::SampleSpec& spec) const;

  virtual std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const = 0;
  // Forward passes that an evaluation makes for each sample.
  virtual int64_t passes_per_sample() const { return 1; }
  // Whether the prediction for an image can be averaged over its flips and quarter turns.
  virtual bool averages_views() const { return false; }

  // The columns of predictions that an evaluation gathered, with the truth where it is known; without `ids`.
  virtual data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const = 0;
};

// Losses are sums of small differences: never in half precision.
at::Tensor widened(const at::Tensor& values);

// The first `columns` of a tensor [sample, >= columns] in row-major order, for a PredictionTable.
std::vector<double> row_major(const at::Tensor& tensor, int64_t columns);

}  // namespace hpcai::tasks
