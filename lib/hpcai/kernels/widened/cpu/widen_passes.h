#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace hpcai::kernels {

// `count` values in float32.
void widen(const c10::BFloat16* from, int64_t count, float* to);
// Their nearest bfloat16, and of two equally near ones the even one.
void narrow(const float* from, int64_t count, c10::BFloat16* to);

}  // namespace hpcai::kernels
