#include "hpcai/kernels/simd/instruction_set.h"

#include <hwy/targets.h>

#include "hpcai/core/instruction_limit.h"

namespace hpcai::kernels {

// Of Highway's targets the better one has the lower bit.
void limit_instruction_set() {
#if HWY_ARCH_X86
  switch (instruction_limit()) {
    case InstructionLimit::none: return;
    case InstructionLimit::avx2: return hwy::DisableTargets(HWY_AVX2 - 1);
    case InstructionLimit::sse4: return hwy::DisableTargets(HWY_SSE4 - 1);
  }
#endif
}

std::string instruction_set() {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  return targets.empty() ? "none" : hwy::TargetName(targets.front());
}

}  // namespace hpcai::kernels
