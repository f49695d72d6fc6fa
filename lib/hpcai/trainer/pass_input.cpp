#include "hpcai/trainer/pass_input.h"

#include <stdexcept>

namespace hpcai::trainer {

void PassInput::take(const data::StepBatch& batch, int64_t pass, int64_t passes) {
  take_part(batch_, batch, pass, passes);
  for (const auto& [name, samples] : batch.further) take_part(batch_.further[name], samples, pass, passes);
}

void PassInput::take_part(tasks::Samples& samples, const data::Batch& batch, int64_t pass, int64_t passes) const {
  if (batch.input.size(0) % passes != 0) throw std::invalid_argument("PassInput: the passes do not divide a batch");
  const int64_t count = batch.input.size(0) / passes;
  place(samples.input, batch.input.narrow(0, pass * count, count));
  if (batch.target.defined()) place(samples.target, batch.target.narrow(0, pass * count, count));
}

void PassInput::place(at::Tensor& slot, const at::Tensor& values) const {
  if (device_.is_cpu()) {
    slot = copies_ ? values.clone() : values;
    return;
  }
  if (!slot.defined() || slot.sizes() != values.sizes() || slot.strides() != values.strides()) {
    slot = at::empty_like(values, values.options().device(device_));  // in the same memory format
  }
  slot.copy_(values, /*non_blocking=*/true);
}

}  // namespace hpcai::trainer
