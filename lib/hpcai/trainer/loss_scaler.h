#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// The parameters of dynamic loss scaling: those of torch.amp.GradScaler, and two that end a training that keeps overflowing.
struct LossScaling {
  double initial = 65536;
  double growth = 2;
  double backoff = 0.5;
  int64_t growth_interval = 2000;  // consecutive steps without overflow before the scale grows
  double minimum = 1;              // smallest scale; a smaller one would reduce the gradients
  int64_t most_skipped = 50;       // consecutive overflows at the smallest scale before the training ends
};

// Whether the loss must be scaled, because gradients are computed or exchanged in fp16, whose smallest positive value is 6e-8.
bool needs_loss_scale(Precision precision, distributed::WirePrecision wire);

// Dynamic loss scaling (Micikevicius et al. 2018, arXiv:1710.03740, section 3.2). The backward pass differentiates the loss times
// a scale, so that small gradients do not underflow in fp16. The averaged gradients are divided by the scale afterwards. If a
// gradient overflows on one rank, the average is not finite on all ranks (see Reducer). So all ranks take the same decision
// without another exchange: they skip the step and halve the scale. Weights and their update stay in fp32.
//
//   scaled(loss).backward() ... reducer.finish();  unscale(gradients);  if (accept(step)) update
//
// scaled() and unscale() compute with scalars on the device and read nothing from it, so that a GPU can capture them as a graph.
// accept() reads from the device.
class LossScaler {
 public:
  explicit LossScaler(LossScaling scaling = {}, at::Device device = at::kCPU);

  double scale() const { return scale_; }
  int64_t skipped() const { return skipped_; }  // steps without an update, since the training began
  // The loss [] times the scale.
  at::Tensor scaled(const at::Tensor& loss) const { return loss * factor_.to(loss.scalar_type()); }

  // Divides the gradients [elements] of each bucket by the scale, in place, and notes whether a value is not finite.
  void unscale(const std::vector<at::Tensor>& flat_gradients);

  // Returns whether the gradients of the last unscale() are finite, so that the weights can be updated. Adapts the scale. Waits
  // for the device. `step` (from 1) is for messages. Throws SharedError{diverged} after `most_skipped` consecutive overflows at
  // the smallest scale.
  bool accept(int64_t step);

  nlohmann::json state() const;
  // Restores state(). Throws std::out_of_range or nlohmann::json::exception for anything else.
  void load(const nlohmann::json& state);

 private:
  void set_scale(double scale);

  LossScaling scaling_;
  double scale_ = 0;
  int64_t good_steps_ = 0;  // consecutive steps without overflow since the last change of the scale
  int64_t skipped_at_minimum_ = 0;
  int64_t skipped_ = 0;
  at::Tensor factor_, inverse_;  // the scale and 1 / scale, float32 scalars on the device
  at::Tensor overflowed_;        // by the last unscale(): float32 scalar on the device, 0 or 1
};

}  // namespace hpcai::trainer
