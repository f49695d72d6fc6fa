#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

// Sums and counts that live on the device, in double precision: add() waits for nothing, reduce() sums over the ranks,
// result() copies to the host. Uneven or empty shares of the ranks therefore give the same result as one rank.
namespace hpcai::metrics {

class Accumulator {
 public:
  virtual ~Accumulator() = default;

  void reset();
  // Sums over the ranks; call once, on all ranks, when all is added.
  void reduce(distributed::Group& group);
  // The metrics by name; null values where nothing was added.
  virtual nlohmann::json result() const = 0;

 protected:
  Accumulator(int64_t values, at::Device device);
  std::vector<double> host_sums() const;
  at::Tensor sums_;  // [values], float64
};

// Mean of a per-batch mean, weighted by the number of samples: {"loss"}.
class MeanLoss : public Accumulator {
 public:
  explicit MeanLoss(at::Device device) : Accumulator(2, device) {}
  void add(const at::Tensor& loss, int64_t samples);  // loss: scalar, mean over the samples
  double mean() const;                                // NaN if nothing was added
  int64_t samples() const;
  nlohmann::json result() const override;
};

// Accuracy, confusion matrix (row: true class, column: predicted) and, for two classes, precision, recall and F1 of
// class 1: {"accuracy", "confusion", "precision", "recall", "f1", "samples"}.
class Classification : public Accumulator {
 public:
  Classification(int64_t classes, at::Device device) : Accumulator(classes * classes, device), classes_(classes) {}
  void add(const at::Tensor& scores, const at::Tensor& target);  // [batch, class], int64 [batch]
  double accuracy() const;                                       // NaN if nothing was added
  nlohmann::json result() const override;

 private:
  int64_t classes_;
};

// Mean absolute and root-mean-square error of each target: {"mean_absolute_error": {name: ..}, "rmse": {name: ..},
// "samples"}.
class Regression : public Accumulator {
 public:
  Regression(std::vector<std::string> names, at::Device device);
  // prediction [batch, >= names], of which the first columns are compared; target [batch, names].
  void add(const at::Tensor& prediction, const at::Tensor& target);
  nlohmann::json result() const override;

 private:
  std::vector<std::string> names_;
};

}  // namespace hpcai::metrics
