#pragma once

#include <ATen/core/Tensor.h>

namespace hpcai::tasks {

// The regression targets: label [batch, 3] = (q, s1, s2) -> [batch, 5] = (q, s1, s2, chi_eff, S_eff), with
//   chi_eff = (q s1 + s2) / (1 + q),  S_eff = (1 + 3/(4q)) s1 + (1 + 3q/4) s2   (Khan, Huerta, Das 2020).
// In these two formulas a q below 1, which a network may predict, counts as 1.
at::Tensor waveform_targets(const at::Tensor& label);

}  // namespace hpcai::tasks
