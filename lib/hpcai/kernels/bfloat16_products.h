#pragma once

namespace hpcai::kernels {

// How quickly this machine's LibTorch multiplies bfloat16, next to float32: at half to the same rate, at about twice the rate
// (AVX-512 BF16 on AMD's CPUs; also assumed of CPUs that are no x86), or many times as quickly (AMX). Intel's CPUs without AMX,
// as virtual machines often show them, have AVX-512 BF16 at half the rate of float32 (docs/convolutions.md).
enum class Bfloat16Products { slow, quick, very_quick };
Bfloat16Products bfloat16_products();

}  // namespace hpcai::kernels
