#pragma once

#include <ATen/ATen.h>

#include "hpcai/data/step_loader.h"
#include "hpcai/tasks/batch.h"

namespace hpcai::trainer {

// The samples of one pass on the device. On a GPU the samples of all passes are copied to the same memory, because a captured
// graph reads from fixed addresses. On a CPU they are views of the loader's tensors, or copies if `copies`: a library may round
// differently at another alignment, and that of a view depends on its place in the batch.
class PassInput {
 public:
  explicit PassInput(at::Device device, bool copies = false) : device_(device), copies_(copies) {}

  // Takes part `pass` of the `passes` equal parts into which the batch of every source divides: input [batch, ...], target
  // [batch, ...]. On a GPU the copy is queued behind earlier operations; the batch must stay alive until it is complete.
  void take(const data::StepBatch& batch, int64_t pass, int64_t passes);
  const tasks::Batch& batch() const { return batch_; }

 private:
  void take_part(tasks::Samples& samples, const data::Batch& batch, int64_t pass, int64_t passes) const;
  void place(at::Tensor& slot, const at::Tensor& values) const;

  at::Device device_;
  bool copies_;
  tasks::Batch batch_;
};

}  // namespace hpcai::trainer
