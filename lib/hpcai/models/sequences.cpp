#include "hpcai/models/sequences.h"

#include <ATen/ATen.h>

namespace hpcai::models {

at::Tensor real_steps(const at::Tensor& input) { return input.select(2, 0).isnan().logical_not(); }

}  // namespace hpcai::models
