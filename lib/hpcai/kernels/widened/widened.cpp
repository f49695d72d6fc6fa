#include "hpcai/kernels/widened/widened.h"

#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/widened/cpu/widen_passes.h"

namespace hpcai::kernels {
namespace {

// Calls work(first value, number of values) for pieces of values that are copied to others, which lie in memory as they do.
template <class Work>
void for_values(const at::Tensor& from, const at::Tensor& to, const Work& work) {
  TORCH_CHECK(
      is_stored(from) && from.is_non_overlapping_and_dense() && from.sizes() == to.sizes() && from.strides() == to.strides(),
      "widened: unsupported type or layout");
  constexpr int64_t kValues = 1 << 17;
  const int64_t count = from.numel();
  for_pieces((count + kValues - 1) / kValues,
             [&](int64_t piece) { work(piece * kValues, std::min(kValues, count - piece * kValues)); });
}

}  // namespace

void widen_to(const at::Tensor& values, const at::Tensor& wide) {
  for_values(values, wide, [&](int64_t first, int64_t count) {
    widen(values.const_data_ptr<at::BFloat16>() + first, count, wide.mutable_data_ptr<float>() + first);
  });
}

at::Tensor widened(const at::Tensor& values) {
  if (values.scalar_type() == at::kFloat) return values;
  at::Tensor wide = at::empty_like(values, at::kFloat);
  widen_to(values, wide);
  return wide;
}

void round_to(const at::Tensor& values, const at::Tensor& out) {
  for_values(values, out, [&](int64_t first, int64_t count) {
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
