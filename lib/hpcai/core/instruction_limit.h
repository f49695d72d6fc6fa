#pragma once

namespace hpcai {

// The most that computations may use of a processor's vector instructions. The user says it in the environment variable
// ATEN_CPU_CAPABILITY, which limits LibTorch: avx2, or default for SSE4. Machines of different
// kinds then compute with the same instructions. Other values, such as avx512, limit nothing.
enum class InstructionLimit { none, avx2, sse4 };

InstructionLimit instruction_limit();

// Sets the variables by which MKL and oneDNN are limited in the same way (MKL_ENABLE_INSTRUCTIONS, ONEDNN_MAX_CPU_ISA), for the
// programs that this process becomes or starts. The libraries read them when they are loaded. A user's own choice stays.
void pass_on_instruction_limit();

}  // namespace hpcai
