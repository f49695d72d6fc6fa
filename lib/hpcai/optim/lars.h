#pragma once

#include "hpcai/optim/config.h"
#include "hpcai/optim/last_rate.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Layer-wise adaptive rate scaling. For each tensor w with gradient g, decay b, rate lr and momentum m:
//
//   ratio = min(eta |w| / (|g| + b |w| + epsilon), max_ratio), or 1 if a norm is 0
//   you      v <- m v + lr ratio (g + b w),  w <- w - v          (You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1)
//   mlperf   v <- m v + (g + b w),           w <- w - lr ratio v (MLPerf 0.6 reference; "scaled momentum" of Kumar et al. 2019,
//                                                                 arXiv:1909.09756)
//
// The forms differ when lr or ratio changes: in form `you` the momentum holds steps of the old rate. Momentum correction
// multiplies the momentum by new/old when lr changes.
class Lars : public Optimizer {
 public:
  // Throws Error{usage} for momentum correction in form mlperf, whose momentum does not contain the rate.
  Lars(const LarsConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.momentum", and "last_lr" with momentum correction

 protected:
  void prepare(const std::vector<size_t>& active, double lr) override;
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;
  void update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors,
                          const Alongside& alongside) override;

 private:
  // The ratio of parameter `index` from the sums of the squares of its weights and gradients.
  double ratio_of(size_t index, const kernels::SquareSums& squares, double gradient_scale) const;
  at::Tensor ratios(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& grads, const at::Tensor& decay) const;

  LarsConfig config_;
  std::vector<at::Tensor> momentum_;  // one for each parameter
  std::vector<at::Tensor> decay_;     // b in the ratio of each parameter, [] on the parameter's device
  LastRate last_rate_;
  std::optional<StepValue> rate_change_;
};

}  // namespace hpcai::optim
