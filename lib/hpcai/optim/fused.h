#pragma once

#include "hpcai/optim/config.h"
#include "hpcai/optim/last_rate.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Stochastic gradient descent with momentum as torch.optim.SGD (dampening 0). Momentum buffers start at zero: the first
// step then sets them to the gradient, as PyTorch's is_first_step does.
//
// The buffer u holds gradients and the rate lr stands outside, u <- m u + g, w <- w - lr u, so that a change of the rate acts
// at once. Keras's buffer v holds steps, v <- m v + lr g, w <- w - v; it becomes the same when v is multiplied by new/old at a
// change, the momentum correction of Goyal et al. 2017 (remark 2) and of Horovod. Without that correction Keras's rule is
// ours with u = v / lr, which a change multiplies by old/new.
class Sgd : public Optimizer {
 public:
  Sgd(const SgdConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.momentum" with momentum, "last_lr" without correction

 protected:
  void prepare(const std::vector<size_t>& active, double lr) override;
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;

 private:
  SgdConfig config_;
  std::vector<at::Tensor> momentum_;  // one for each parameter
  LastRate last_rate_;
  std::optional<StepValue> rate_change_;
};

// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) as torch.optim.Adam and AdamW. Each parameter counts its
// own steps, so that one that is unfrozen late gets the bias correction of its own age.
class Adam : public Optimizer {
 public:
  Adam(const AdamConfig& config, NamedTensors parameters);
  Adam(const AdamWConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.exp_avg", ".exp_avg_sq", ".step"

 protected:
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;

 private:
  Adam(const AdamConfig& config, bool decoupled, NamedTensors parameters);

  AdamConfig config_;
  bool decoupled_;  // AdamW: decay the weights themselves, not through the gradient
  std::vector<at::Tensor> mean_;
  std::vector<at::Tensor> square_;
  std::vector<at::Tensor> step_;  // scalars, float32 as the kernels want them
};

}  // namespace hpcai::optim
