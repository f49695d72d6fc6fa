#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace hpcai::kernels {

// The nearest bfloat16 as its bits, and the value of such bits, for the plain code.
inline uint16_t rounded(float value) { return c10::BFloat16(value).x; }
inline float widened(uint16_t half) { return c10::BFloat16(half, c10::BFloat16::from_bits()); }

}  // namespace hpcai::kernels
