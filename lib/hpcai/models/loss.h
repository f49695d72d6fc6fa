#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "hpcai/models/config.h"

namespace hpcai::models {

// A mean over the samples of the batch, computed in float32 (float64 for float64 outputs) also under autocast.
class Loss {
 public:
  virtual ~Loss() = default;

  // output [batch, outputs], target [batch, targets] or int64 [batch] -> scalar
  virtual at::Tensor operator()(const at::Tensor& output, const at::Tensor& target) const = 0;

  // How many outputs a network needs for data with so many classes (0: regression) and targets. Throws Error{usage} if
  // the loss does not fit the data.
  virtual int64_t outputs(int64_t classes, int64_t targets) const = 0;
};

std::unique_ptr<Loss> make_loss(const LossConfig& config);

// label [batch, 3] = (q, s1, s2) -> [batch, 5] = (q, s1, s2, chi_eff, S_eff) with
//   chi_eff = (q s1 + s2) / (1 + q),  S_eff = (1 + 3/(4q)) s1 + (1 + 3q/4) s2   (Khan, Huerta, Das 2020).
at::Tensor waveform_targets(const at::Tensor& label);

}  // namespace hpcai::models
