#pragma once

#include <map>

#include "hpcai/optim/config.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2). For each tensor w with gradient g, decay b, rate lr and step t:
//
//   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
//   u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + b w
//   w <- w - lr ratio u,  ratio = min(phi(|w|) / |u|, max_ratio), or 1 if a norm is 0
//   phi(z) = min(max(z, min_weight_norm), max_weight_norm);     the defaults give phi(z) = z, as in public implementations
//
// Each parameter counts its own steps t.
class Lamb : public Optimizer {
 public:
  // Throws Error{usage} if max_weight_norm is below min_weight_norm.
  Lamb(const LambConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.exp_avg", ".exp_avg_sq", ".step"

 protected:
  void prepare(const std::vector<size_t>& active, double lr) override;
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;
  void update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors,
                          const Alongside& alongside) override;

 private:
  // The parameters with the same number of updates t, which are those that have been trained since the same stage.
  struct Age {
    std::vector<size_t> places;        // indices into the list of active parameters
    StepValue mean_scale, root_scale;  // 1 - beta1^t and sqrt(1 - beta2^t)
  };

  std::vector<at::Tensor> direction(const std::vector<size_t>& active) const;
  double ratio_of(const kernels::SquareSums& squares) const;  // of weights and update
  at::Tensor bounded(const at::Tensor& weight_norm) const;    // phi

  LambConfig config_;
  std::vector<at::Tensor> mean_;
  std::vector<at::Tensor> square_;
  std::vector<at::Tensor> step_;  // t of each parameter, [] int64 on the CPU; prepare() increments them
  std::map<int64_t, Age> ages_;   // by t - updates_, which is constant for each parameter
  int64_t updates_ = 0;
  // [values]: u of the run of tensors that update_in_one_pass() is at. It is kept between the steps, and has as many values as
  // the largest run.
  at::Tensor run_updates_;
};

}  // namespace hpcai::optim
