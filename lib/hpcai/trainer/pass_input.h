#pragma once

#include <ATen/ATen.h>

#include "hpcai/data/step_loader.h"
#include "hpcai/tasks/batch.h"

namespace hpcai::trainer {

// The samples of one pass, where the device reads them. On a GPU they always lie in the same memory, so that a pass that was
// captured as a graph finds those of the next pass there. On a CPU they are the loader's own, without a copy.
class PassInput {
 public:
  explicit PassInput(at::Device device) : device_(device) {}

  // Takes part `pass` of the `passes` equal parts into which the batch of every source divides. On a GPU the copy follows what
  // the device was told before; the batch must stay alive until the device has made it.
  void take(const data::StepBatch& batch, int64_t pass, int64_t passes);
  const tasks::Batch& batch() const { return batch_; }

 private:
  void take_part(tasks::Samples& samples, const data::Batch& batch, int64_t pass, int64_t passes) const;
  void place(at::Tensor& slot, const at::Tensor& values) const;

  at::Device device_;
  tasks::Batch batch_;
};

}  // namespace hpcai::trainer
