#include "hpcai/trainer/pass_input.h"

namespace hpcai::trainer {

void PassInput::take(const data::Batch& batch, int64_t first, int64_t count) {
  place(batch_.input, batch.input.narrow(0, first, count));
  place(batch_.target, batch.target.narrow(0, first, count));
}

void PassInput::place(at::Tensor& slot, const at::Tensor& values) const {
  if (device_.is_cpu()) {
    slot = values;
    return;
  }
  if (!slot.defined() || slot.sizes() != values.sizes()) {
    slot = at::empty(values.sizes(), at::TensorOptions(values.scalar_type()).device(device_));
  }
  slot.copy_(values, /*non_blocking=*/true);
}

}  // namespace hpcai::trainer
