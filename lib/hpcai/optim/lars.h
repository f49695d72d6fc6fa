#pragma once

#include "hpcai/optim/config.h"
#include "hpcai/optim/last_rate.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Layer-wise adaptive rate scaling. For each tensor w with gradient g, decay b, rate lr and momentum m:
//
//   ratio = eta |w| / (|g| + b |w| + epsilon)       1 where a norm is 0; at most max_ratio
//   you      v <- m v + lr ratio (g + b w),  w <- w - v          (You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1)
//   mlperf   v <- m v + (g + b w),           w <- w - lr ratio v (MLPerf 0.6 reference; "scaled momentum" of Kumar et al. 2019,
//                                                                 arXiv:1909.09756)
//
// They differ when lr or ratio changes: in `you` the momentum holds steps of the old rate, unless momentum correction
// multiplies it by new/old first.
class Lars : public Optimizer {
 public:
  // Throws Error{usage} for a momentum correction where the rate is not in the momentum.
  Lars(const LarsConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.momentum", and "last_lr" with momentum correction

 protected:
  void prepare(const std::vector<size_t>& active, double lr) override;
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;

 private:
  at::Tensor ratios(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& grads, const at::Tensor& decay) const;

  LarsConfig config_;
  std::vector<at::Tensor> momentum_;  // one for each parameter
  std::vector<at::Tensor> decay_;     // of each parameter in the ratio's denominator, scalars beside their parameters
  LastRate last_rate_;
  std::optional<StepValue> rate_change_;
};

}  // namespace hpcai::optim
