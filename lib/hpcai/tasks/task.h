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
#include "hpcai/tasks/report.h"

namespace hpcai::tasks {

// What is learnt: the loss, the metrics and the predictions of one kind of problem. No other code distinguishes kinds of
// problems. A training does not change the task. The functions can be called in any order after prepare().
class Task {
 public:
  virtual ~Task() = default;

  // The number of outputs that the network needs for such samples, for each step of them if these have a truth. Throws
  // Error{usage} if the samples do not fit the task.
  virtual int64_t outputs(const data::SampleSpec& spec) const = 0;

  // Throws Error{usage} if the task cannot use such a model, for example if it needs more of it than forward().
  virtual void require(models::Model& /*model*/) const {}

  // Adds to `model`, which is for samples as in `spec`, what the task itself trains or learns of the training data, such as a
  // discriminator or the scale of the targets. The initial weights are a function of `seed`. The program calls it once for each
  // model that it builds.
  virtual void extend(models::Model& /*model*/, const data::SampleSpec& /*spec*/, uint64_t /*seed*/) const {}

  // Computes what loss() needs to know about such samples on `device`. The program calls it once before it trains, evaluates or
  // predicts; it may take seconds.
  virtual void prepare(const data::SampleSpec& /*spec*/, at::Device /*device*/) {}

  // Computes what loss() needs to know about the training samples, such as how many are of each class. The program calls it
  // after prepare(), once before it trains, and not before an evaluation or a prediction. Reads no input.
  virtual void learn_from(const data::Dataset& /*training*/, at::Device /*device*/) {}

  // The parameter of the mixup of training samples, 0 for none. With it loss() gets targets float [batch, class]; see
  // data::MixedUp.
  virtual double mixup() const { return 0; }

  // The names of the sources whose samples loss() needs in addition to the experiment's data. Dropout counts the samples of every
  // source as those of the experiment's data, so with dropout in a further source the masks depend on the number of ranks.
  virtual std::vector<std::string> further_sources() const { return {}; }

  // The loss []: the mean over the samples of `batch` (input [batch, ...], target [batch, ...]), so that the mean over passes and
  // ranks is the mean over the global batch. Its type is float32, also under autocast (float64 for float64 outputs). Reads no
  // number back from the device.
  virtual at::Tensor loss(const Network& network, const Batch& batch) const = 0;

  // The metrics of the task in the order of display; the first is kLoss.
  virtual std::vector<Metric> metrics() const = 0;
  // What samples as in `spec` lack so that an evaluation can measure `metric` (one of metrics()), for example "two classes".
  // Empty if the metric is measured.
  virtual std::string lacks(const Metric& metric, const data::SampleSpec& spec) const;

  // Starts an evaluation of samples as in `spec`. The task must outlive it.
  virtual std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const = 0;
  // The number of forward passes of an evaluation for each sample.
  virtual int64_t passes_per_sample() const { return 1; }
  // Whether the prediction for an image can be averaged over its flips and quarter turns.
  virtual bool averages_views() const { return false; }

  // Whether the first three columns of the predictions are q, s1 and s2 of a binary, so that waveforms can be regenerated.
  virtual bool predicts_binaries() const { return false; }

  // Whether the predictions are class probabilities [sample, class]. Such predictions can be averaged over networks (an ensemble)
  // and calibrated with a temperature.
  virtual bool predicts_probabilities() const { return false; }

  // What `evaluate` measures beyond an evaluation, from all predictions at once. A task that predicts probabilities returns all
  // its metrics, also the loss, because they change where predictions are averaged or calibrated.
  virtual nlohmann::json measure(const data::SampleSpec& /*spec*/, const metrics::Predictions::Gathered& /*all*/) const {
    return nlohmann::json::object();
  }
  // Those numbers of measure() that `evaluate` shows on the console, in the order of display.
  virtual std::vector<Metric> further_metrics() const { return {}; }

  // The files of report(): empty if the task makes none.
  virtual std::vector<std::string> report_files() const { return {}; }
  // Tables and figures about the predictions of an evaluation.
  virtual std::vector<ReportFile> report(const ReportInput& /*input*/) const { return {}; }

  // The predictions of an evaluation as columns, with the truth if it is known. The caller fills in PredictionTable::ids.
  virtual data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const = 0;

  // Whether it learns samples whose truth has a row for each time step; see data::SampleSpec::each_step. Its predictions then are
  // [batch, time, ...], and NaN behind the end of a sequence.
  virtual bool learns_steps() const { return false; }
};

// Converts bfloat16 and half to float32, for losses; returns other types unchanged. Any shape.
at::Tensor widened(const at::Tensor& values);

// The first `columns` columns of a tensor [sample, >= columns] in row-major order, for a PredictionTable.
std::vector<double> row_major(const at::Tensor& tensor, int64_t columns);

}  // namespace hpcai::tasks
