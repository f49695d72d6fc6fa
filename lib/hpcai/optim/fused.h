#pragma once

#include "hpcai/optim/config.h"
#include "hpcai/optim/last_rate.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Stochastic gradient descent with momentum as torch.optim.SGD (dampening 0). The momentum buffers start at zero, so that the
// first step sets them to the gradient, as in PyTorch.
//
// The buffer u holds gradients: u <- m u + g, w <- w - lr u. So a change of the rate lr has its full effect at once. Keras's
// buffer v holds steps: v <- m v + lr g, w <- w - v. Both rules are equal if v is multiplied by new/old when the rate changes,
// which is the momentum correction of Goyal et al. 2017 (remark 2) and of Horovod. Keras's rule without the correction is
// computed here with u = v / lr, which is multiplied by old/new when the rate changes.
class Sgd : public Optimizer {
 public:
  // Throws Error{usage} for nesterov without momentum.
  Sgd(const SgdConfig& config, NamedTensors parameters);
  NamedTensors state() const override;  // "<parameter>.momentum" with momentum, "last_lr" without correction

 protected:
  void prepare(const std::vector<size_t>& active, double lr) override;
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;
  void update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors,
                          const Alongside& alongside) override;

 private:
  SgdConfig config_;
  std::vector<at::Tensor> momentum_;  // one for each parameter
  LastRate last_rate_;
  std::optional<StepValue> rate_change_;
};

// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) as torch.optim.Adam and AdamW. Each parameter counts its own
// steps, so that the bias correction of a parameter that is unfrozen later starts then.
class Adam : public Optimizer {
 public:
  Adam(const AdamConfig& config, NamedTensors parameters);   // Adam
  Adam(const AdamWConfig& config, NamedTensors parameters);  // AdamW
  NamedTensors state() const override;                       // "<parameter>.exp_avg", ".exp_avg_sq", ".step"

 protected:
  void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) override;
  void update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors,
                          const Alongside& alongside) override;

 private:
  Adam(const AdamConfig& config, bool decoupled, NamedTensors parameters);

  AdamConfig config_;
  bool decoupled_;  // AdamW: the decay acts on the weights; Adam: it is added to the gradient
  std::vector<at::Tensor> mean_;
  std::vector<at::Tensor> square_;
  std::vector<at::Tensor> step_;  // [] each; float32 as the kernels require
};

}  // namespace hpcai::optim
