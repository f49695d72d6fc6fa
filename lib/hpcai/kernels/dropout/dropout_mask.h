#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "hpcai/kernels/dropout/dropout_key.h"

namespace hpcai::kernels {

// The dropout mask as a tensor, [keys.size(), values] float32 on the CPU: 0 where a value is dropped, 1 / (1 - rate) elsewhere.
// One key a sample; `values` is the number of values of a sample, at most 2^32.
at::Tensor dropout_mask(const std::vector<DropoutKey>& keys, double rate, int64_t values);

}  // namespace hpcai::kernels
