#include "hpcai/tasks/waveform_targets.h"

#include <ATen/ATen.h>

namespace hpcai::tasks {

at::Tensor waveform_targets(const at::Tensor& label) {
  const at::Tensor q = label.select(1, 0).clamp_min(1), s1 = label.select(1, 1), s2 = label.select(1, 2);
  const at::Tensor chi_eff = (q * s1 + s2) / (1 + q);
  const at::Tensor s_eff = (1 + 0.75 / q) * s1 + (1 + 0.75 * q) * s2;
  return at::stack({label.select(1, 0), s1, s2, chi_eff, s_eff}, 1);
}

}  // namespace hpcai::tasks
