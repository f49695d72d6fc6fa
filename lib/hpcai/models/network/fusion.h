#pragma once

#include <vector>

#include "hpcai/models/network/plan.h"

namespace hpcai::models::network {

// The operations one behind the other. A batch norm, a ReLU and what is directly behind them (a depthwise 3x3 convolution, a
// 3x3 max pool of stride 2, a sum) become one function, because only one operation reads the values between them. In float32 on
// a CPU this function does not store these values (kernels/README.md); elsewhere it computes one after the other.
Function fused(const std::vector<Operation>& operations);

}  // namespace hpcai::models::network
