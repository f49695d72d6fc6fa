#include "hpcai/distributed/exchange/gradient_buffers.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace hpcai::distributed {
namespace {

constexpr int64_t kAlignment = 64;  // bytes; vector instructions need it for each gradient

class GradientHook : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit GradientHook(std::function<void()> ready) : ready_(std::move(ready)) {}
  void operator()(const torch::autograd::Variable&) override { ready_(); }

 private:
  std::function<void()> ready_;
};

// Returns the view at `offset` with the parameter's shape. It has the parameter's strides if these are dense, else row-major
// strides.
at::Tensor view_like(const at::Tensor& flat, int64_t offset, const at::Tensor& parameter) {
  if (parameter.is_non_overlapping_and_dense()) {
    return flat.as_strided(parameter.sizes(), parameter.strides(), offset);
  }
  return flat.narrow(0, offset, parameter.numel()).view(parameter.sizes());
}

int64_t padded_numel(const at::Tensor& parameter) {
  const int64_t step = std::max<int64_t>(1, kAlignment / parameter.element_size());
  return (parameter.numel() + step - 1) / step * step;
}

// Returns the indices of slots, bucket by bucket.
std::vector<std::vector<size_t>> assign_buckets(const std::vector<GradientSlot>& slots, double first_bytes, double bytes) {
  struct Open {
    std::vector<size_t> members;
    double bytes = 0;
  };
  std::vector<std::vector<size_t>> closed;
  std::map<at::ScalarType, Open> open_of;
  for (size_t i = 0; i < slots.size(); ++i) {
    Open& open = open_of[slots[i].parameter.scalar_type()];
    open.members.push_back(i);
    open.bytes += static_cast<double>(slots[i].parameter.nbytes());
    if (open.bytes < (closed.empty() ? first_bytes : bytes)) continue;
    closed.push_back(std::move(open.members));
    open = {};
  }
  for (auto& [dtype, open] : open_of) {
    if (!open.members.empty()) closed.push_back(std::move(open.members));
  }
  return closed;
}

}  // namespace

GradientBuffers make_gradient_buffers(const std::vector<at::Tensor>& parameters, double first_bucket_bytes, double bucket_bytes,
                                      const MakeZeros& make_zeros) {
  GradientBuffers buffers;
  std::map<at::ScalarType, int64_t> sizes;
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    if (!parameter->requires_grad()) continue;
    buffers.slots.push_back({*parameter, {}, 0});
    sizes[parameter->scalar_type()] += padded_numel(*parameter);
  }
  struct Cursor {
    at::Tensor flat;
    int64_t end = 0;
  };
  std::map<at::ScalarType, Cursor> cursors;
  for (const auto& [dtype, size] : sizes) {
    buffers.flat.push_back(make_zeros ? make_zeros(size, dtype)
                                      : at::zeros({size}, at::TensorOptions(dtype).device(parameters.front().device())));
    cursors[dtype] = {buffers.flat.back(), 0};
  }
  for (const auto& members : assign_buckets(buffers.slots, first_bucket_bytes, bucket_bytes)) {
    Cursor& cursor = cursors[buffers.slots[members.front()].parameter.scalar_type()];
    const int64_t start = cursor.end;
    for (size_t i : members) {
      GradientSlot& slot = buffers.slots[i];
      slot.gradient = view_like(cursor.flat, cursor.end, slot.parameter);
      slot.bucket = buffers.buckets.size();
      cursor.end += padded_numel(slot.parameter);
    }
    buffers.buckets.push_back(cursor.flat.narrow(0, start, cursor.end - start));
  }
  return buffers;
}

void adopt_gradient(const GradientSlot& slot) {
  at::Tensor& gradient = slot.parameter.mutable_grad();
  if (gradient.defined() && gradient.const_data_ptr() == slot.gradient.const_data_ptr()) return;
  if (gradient.defined()) {
    slot.gradient.copy_(gradient);
  } else {
    slot.gradient.zero_();
  }
  gradient = slot.gradient;
}

void on_gradient(const GradientSlot& slot, std::function<void()> ready) {
  auto hook = ready ? std::make_unique<GradientHook>(std::move(ready)) : nullptr;
  torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter, std::move(hook));
}

at::ScalarType wire_type(at::ScalarType dtype, WirePrecision precision) {
  if (dtype != at::kFloat || precision == WirePrecision::same) return dtype;
  return precision == WirePrecision::bf16 ? at::kBFloat16 : at::kHalf;
}

}  // namespace hpcai::distributed
