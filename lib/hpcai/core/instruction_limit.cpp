#include "hpcai/core/instruction_limit.h"

#include <cstdlib>
#include <string_view>

namespace hpcai {

InstructionLimit instruction_limit() {
  const char* const value = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string_view name = value == nullptr ? "" : value;
  if (name == "avx2") return InstructionLimit::avx2;
  return name == "default" ? InstructionLimit::sse4 : InstructionLimit::none;
}

void pass_on_instruction_limit() {
#ifdef __x86_64__
  const InstructionLimit limit = instruction_limit();
  if (limit == InstructionLimit::none) return;
  const bool avx2 = limit == InstructionLimit::avx2;
  setenv("MKL_ENABLE_INSTRUCTIONS", avx2 ? "AVX2" : "SSE4_2", /*overwrite=*/0);
  // oneDNN also knows its former name, DNNL.
  if (std::getenv("DNNL_MAX_CPU_ISA") == nullptr) setenv("ONEDNN_MAX_CPU_ISA", avx2 ? "AVX2" : "SSE41", /*overwrite=*/0);
#endif
}

}  // namespace hpcai
