#pragma once

#include <hwy/targets.h>

#include <catch2/catch.hpp>

namespace hpcai::kernels {

// Calls work() once for each instruction set that this processor has and the kernels are compiled for, which then take that one.
template <class Work>
void for_each_instruction_set(const Work& work) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    INFO("instruction set " << hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    work();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace hpcai::kernels
