#include "hpcai/kernels/gradient_memory.h"

#include <utility>

namespace hpcai::kernels {
namespace {

bool is_only_holder(const at::Tensor& tensor) { return tensor.use_count() == 1 && tensor.storage().use_count() == 1; }

}  // namespace

at::Tensor take_gradient(at::Tensor& gradient, at::MemoryFormat format) {
  const at::Tensor taken = std::exchange(gradient, {});
  return taken.defined() ? taken.contiguous(format) : taken;
}

at::Tensor memory_of(const at::Tensor& taken) { return is_only_holder(taken) ? taken : at::empty_like(taken); }

at::Tensor own_copy_of(const at::Tensor& taken) { return is_only_holder(taken) ? taken : taken.clone(); }

}  // namespace hpcai::kernels
