#include "hpcai/kernels/widened/widened.h"

#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/widened/cpu/widen_passes.h"

namespace hpcai::kernels {
namespace {

// Calls work(first value, number of values) for pieces of the values.
template <class Work>
void for_values(const at::Tensor& values, const Work& work) {
  TORCH_CHECK(is_stored(values) && values.is_non_overlapping_and_dense(), "widened: unsupported type or layout");
  constexpr int64_t kValues = 1 << 17;
  const int64_t count = values.numel();
  for_pieces((count + kValues - 1) / kValues,
             [&](int64_t piece) { work(piece * kValues, std::min(kValues, count - piece * kValues)); });
}

}  // namespace

at::Tensor widened(const at::Tensor& values) {
  if (values.scalar_type() == at::kFloat) return values;
  at::Tensor wide = at::empty_like(values, at::kFloat);
  for_values(values, [&](int64_t first, int64_t count) {
    widen(values.const_data_ptr<at::BFloat16>() + first, count, wide.mutable_data_ptr<float>() + first);
  });
  return wide;
}

void round_to(const at::Tensor& values, const at::Tensor& out) {
  TORCH_CHECK(values.strides() == out.strides() && values.sizes() == out.sizes(), "round_to: different shapes or layouts");
  for_values(values, [&](int64_t first, int64_t count) {
    narrow(values.const_data_ptr<float>() + first, count, out.mutable_data_ptr<at::BFloat16>() + first);
  });
}

at::Tensor rounded(const at::Tensor& values, at::ScalarType type) {
  if (type == values.scalar_type()) return values;
  const at::Tensor out = at::empty_like(values, type);
  round_to(values, out);
  return out;
}

}  // namespace hpcai::kernels
