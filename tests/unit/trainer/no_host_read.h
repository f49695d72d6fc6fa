#pragma once

#include <string>
#include <vector>

#include <c10/core/impl/LocalDispatchKeySet.h>

namespace hpcai::trainer {

// While it lives, notes every operation of this thread, and of the backward passes that it starts, that on a GPU would wait for
// the device to give a number or a tensor to the host: item(), a tensor as a condition, equal(), a size that depends on
// values, a copy to the CPU. Operations that others call are seen, too. Reads by pointer of tensors on the CPU are not, nor what
// LibTorch's fused update rules do only in their kernels for CPUs.
class NoHostRead {
 public:
  NoHostRead();
  ~NoHostRead();
  NoHostRead(const NoHostRead&) = delete;
  NoHostRead& operator=(const NoHostRead&) = delete;

  const std::vector<std::string>& reads() const;  // operators, each with those that called it: "aten::allclose > aten::item"

 private:
  c10::impl::IncludeDispatchKeyGuard guard_;
};

}  // namespace hpcai::trainer
