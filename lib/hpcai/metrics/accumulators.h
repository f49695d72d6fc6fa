#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/predictions.h"

// Sums and counts on the device, in double precision. add() does not wait for the device, reduce() sums over the ranks, and
// result() copies to the host. The result therefore does not depend on how the samples are distributed over the ranks.
namespace hpcai::metrics {

class Accumulator {
 public:
  virtual ~Accumulator() = default;

  // Sets all sums to zero.
  void reset();
  // Sums over the ranks. Every rank calls it once, when all samples are added.
  void reduce(distributed::Group& group);
  // Returns the metrics by name. A metric without samples is null.
  virtual nlohmann::json result() const = 0;

 protected:
  Accumulator(int64_t values, at::Device device);
  std::vector<double> host_sums() const;
  at::Tensor sums_;  // [values], float64
};

// Mean over the samples of a loss that each batch gives as its mean: {"loss"}. The batches of all ranks are added in the order of
// their samples.
class MeanLoss {
 public:
  // loss: scalar [], the mean over `samples` samples of the data set, the first of which has the number `first`.
  void add(const at::Tensor& loss, int64_t samples, int64_t first);
  // Adds up the batches of all ranks. Every rank calls it once, when all batches are added, and before the functions below.
  void reduce(distributed::Group& group);
  double mean() const { return sum_ / samples_; }  // NaN without samples
  int64_t samples() const { return static_cast<int64_t>(samples_); }
  nlohmann::json result() const;

 private:
  Predictions batches_;  // loss and samples of each
  double sum_ = 0, samples_ = 0;
};

// Keys of results.
inline constexpr const char *kAccuracyKey = "accuracy", *kF1Key = "f1";

// Accuracy, confusion matrix (rows: true class, columns: predicted class) and, for two classes, precision, recall and F1 of class
// 1: {"accuracy", "confusion", "precision", "recall", "f1", "samples"}.
class Classification : public Accumulator {
 public:
  Classification(int64_t classes, at::Device device) : Accumulator(classes * classes, device), classes_(classes) {}
  // scores [batch, class]; target int64 [batch], or soft labels float [batch, class], of which the most probable class counts.
  void add(const at::Tensor& scores, const at::Tensor& target);
  double accuracy() const;  // NaN without samples
  nlohmann::json result() const override;

 private:
  int64_t classes_;
};

// Mean absolute error and root-mean-square error of each target: {"mean_absolute_error": {name: ..}, "rmse": {name: ..},
// "samples"}. The units are those of the targets.
class Regression : public Accumulator {
 public:
  // `names`: of the targets, in the order of their columns.
  Regression(std::vector<std::string> names, at::Device device);
  // prediction [batch, >= names], of which the first columns are compared; target [batch, names].
  void add(const at::Tensor& prediction, const at::Tensor& target);
  nlohmann::json result() const override;

 private:
  std::vector<std::string> names_;
};

}  // namespace hpcai::metrics
