#include "hpcai/kernels/batch_norm/batch_norm.h"
#include "hpcai/kernels/dropout/dropout_mask.h"
#include "hpcai/kernels/time_tail/time_tail.h"

namespace hpcai::kernels {

at::Tensor time_tail_reference(const at::Tensor& skips, const TimeTailTensors& tensors, const TimeTailOptions& options) {
  TORCH_CHECK(skips.dim() == 3 && skips.is_cpu(), "time_tail_reference: skips [batch, time, C] on the CPU");
  const at::Tensor wide = at::linear(skips.relu(), tensors.wide_weight.squeeze(2), tensors.wide_bias);
  at::Tensor hidden =
      batch_norm_reference(
          wide.flatten(0, 1), tensors.wide_norm,
          {.norm = options.norm, .eps = options.eps, .momentum = options.momentum, .sum = options.sum, .relu = true})
          .view_as(wide);
  if (options.dropout > 0) {
    TORCH_CHECK(static_cast<int64_t>(options.keys.size()) == skips.size(0),
                "time_tail_reference: dropout needs one key for each sample");
    const at::Tensor mask = dropout_mask(options.keys, options.dropout, wide.size(1) * wide.size(2));
    hidden = hidden * mask.view(wide.sizes()).to(wide.scalar_type());
  }
  return at::linear(hidden, tensors.thin_weight.squeeze(2), tensors.thin_bias).squeeze(2);
}

}  // namespace hpcai::kernels
