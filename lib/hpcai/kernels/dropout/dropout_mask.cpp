#include "hpcai/kernels/dropout/dropout_mask.h"

#include <ATen/ops/empty.h>

#include "hpcai/core/threads/pieces.h"

namespace hpcai::kernels {

at::Tensor dropout_mask(const std::vector<DropoutKey>& keys, double rate, int64_t values) {
  const auto samples = static_cast<int64_t>(keys.size());
  at::Tensor mask = at::empty({samples, values}, at::kFloat);
  float* const out = mask.mutable_data_ptr<float>();
  const auto kept = static_cast<float>(1 / (1 - rate));
  const int32_t threshold = dropout_threshold(rate);
  for_pieces(samples, [&](int64_t sample) {
    float* const row = out + sample * values;
    for (int64_t i = 0; i < values; ++i) row[i] = dropped(keys[sample], static_cast<uint32_t>(i), threshold) ? 0.0f : kept;
  });
  return mask;
}

}  // namespace hpcai::kernels
