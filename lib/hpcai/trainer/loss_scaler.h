#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// The numbers of torch.amp.GradScaler, and where to give up.
struct LossScaling {
  double initial = 65536;
  double growth = 2;
  double backoff = 0.5;
  int64_t growth_interval = 2000;  // steps in a row without overflow before the scale grows
  double minimum = 1;              // below it the scale would only make gradients smaller than they are
  int64_t most_skipped = 50;       // steps in a row at the minimum
};

// Whether gradients of these formats underflow, so that the loss has to be scaled: fp16 has nothing below 6e-8.
bool needs_loss_scale(Precision precision, distributed::WirePrecision wire);

// Dynamic loss scaling (Micikevicius et al. 2018, arXiv:1710.03740, section 3.2). Backward runs on the loss times a scale, so
// that small gradients survive fp16; the averaged gradients are divided by it before anything looks at them. A gradient
// that overflows is not finite in the average either, on any rank (see Reducer), so all ranks decide alike without
// another exchange: the step is skipped and the scale halved. Weights and their update stay in fp32.
//
//   scaled(loss).backward() ... reducer.finish();  unscale(gradients);  if (accept(step)) update
//
// scaled() and unscale() compute with scalars on the device and read nothing from it, so that a GPU can capture them; accept()
// belongs outside.
class LossScaler {
 public:
  explicit LossScaler(LossScaling scaling = {}, at::Device device = at::kCPU);

  double scale() const { return scale_; }
  int64_t skipped() const { return skipped_; }  // steps without an update, since the training began
  at::Tensor scaled(const at::Tensor& loss) const { return loss * factor_.to(loss.scalar_type()); }

  // Divides all gradients by the scale, in place, in one pass that also looks for values that are not finite.
  void unscale(const std::vector<at::Tensor>& flat_gradients);

  // Whether the gradients of the last unscale() are finite, so that the weights may be updated; adapts the scale. Waits for
  // the device. Throws SharedError{diverged} after `most_skipped` steps in a row that overflowed at the smallest scale.
  bool accept(int64_t step);

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  void set_scale(double scale);

  LossScaling scaling_;
  double scale_ = 0;
  int64_t good_steps_ = 0;  // in a row, since the scale changed
  int64_t skipped_at_minimum_ = 0;
  int64_t skipped_ = 0;
  at::Tensor factor_, inverse_;  // the scale and 1 / scale, float32 scalars on the device
  at::Tensor overflowed_;        // by the last unscale(): float32 scalar on the device, 0 or 1
};

}  // namespace hpcai::trainer
