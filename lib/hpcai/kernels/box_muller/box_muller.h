#pragma once

#include <cstdint>

namespace hpcai::kernels {

// Uniform numbers that become normal ones together.
inline constexpr int64_t kBoxMullerGroup = 16;

// The Box-Muller transform as LibTorch's generator on CPUs does it, in float64: of each 16 uniform numbers in [0, 1) the first 8
// become radii and the last 8 angles, which give 16 normal numbers with mean 0.
// uniform [16 groups] -> normal [16 groups], times `deviation` and rounded to float32.
void box_muller(const double* uniform, int64_t groups, double deviation, float* normal);

}  // namespace hpcai::kernels
