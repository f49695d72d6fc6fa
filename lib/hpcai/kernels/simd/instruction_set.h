#pragma once

#include <string>

// The instruction set of the kernels in cpu/.
namespace hpcai::kernels {

// Keeps the kernels to the instructions of core/instruction_limit.h. Call it before the first kernel runs.
void limit_instruction_set();

// The one that the kernels use, as Highway calls it: "AVX3" and "AVX3_DL" (with AVX-512), "AVX2", "SSE4", "NEON", ...
std::string instruction_set();

}  // namespace hpcai::kernels
