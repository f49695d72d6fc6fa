#include "hpcai/models/network/pooling.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace hpcai::models::network {
namespace {

struct PoolPlan {
  Placement placement;
  int64_t kernel, stride;
};

PoolPlan plan_pool(const PoolKeys& keys, const Shape& input) {
  require_convolvable(input);
  const int64_t stride = keys.stride > 0 ? keys.stride : keys.kernel;
  PoolPlan plan{place({keys.kernel, stride, 1, keys.padding}, input), keys.kernel, stride};
  if (keys.padding == "same" || keys.padding == "causal") return plan;
  if (const int64_t front = plan.placement.padding[0][0]; 2 * front > keys.kernel) {
    throw Fault{fmt::format("its padding {} is more than half of its kernel {}", front, keys.kernel), ""};
  }
  return plan;
}

// Whether LibTorch's pools compute the window with the padding given to them, at most half of the kernel on each side.
bool is_direct(const PoolPlan& plan) {
  const auto& padding = plan.placement.padding;
  return plan.placement.symmetric() &&
         std::all_of(padding.begin(), padding.end(), [&](const auto& sides) { return 2 * sides[0] <= plan.kernel; });
}

// Whether they compute it in ceil mode: nothing is added in front, and less than a stride behind.
bool is_ceil(const PoolPlan& plan) {
  const auto& padding = plan.placement.padding;
  return std::all_of(padding.begin(), padding.end(),
                     [&](const auto& sides) { return sides[0] == 0 && sides[1] > 0 && sides[1] < plan.stride; });
}

// pool(x, padding, ceil) of tensors with the channels in front of the extents.
template <class Pool>
at::Tensor with_channels_first(const at::Tensor& input, const Shape& shape, const Pool& pool) {
  return shape.layout == Layout::series ? pool(input.transpose(1, 2)).transpose(1, 2) : pool(input);
}

at::Tensor max_pool(const at::Tensor& x, const PoolPlan& plan, at::IntArrayRef padding, bool ceil) {
  if (x.dim() == 3) return at::max_pool1d(x, plan.kernel, plan.stride, padding, 1, ceil);
  return at::max_pool2d(x, plan.kernel, plan.stride, padding, 1, ceil);
}

at::Tensor average_pool(const at::Tensor& x, const PoolPlan& plan, at::IntArrayRef padding) {
  if (x.dim() == 3) return at::avg_pool1d(x, plan.kernel, plan.stride, padding, false, /*count_include_pad=*/false);
  return at::avg_pool2d(x, plan.kernel, plan.stride, padding, false, /*count_include_pad=*/false);
}

at::Tensor pooled_max(const at::Tensor& x, const PoolPlan& plan) {
  const std::vector<int64_t> none(plan.placement.padding.size(), 0);
  if (is_direct(plan)) return max_pool(x, plan, plan.placement.front(), false);
  if (is_ceil(plan)) return max_pool(x, plan, none, true);
  return max_pool(padded(x, plan.placement, -std::numeric_limits<double>::infinity()), plan, none, false);
}

at::Tensor pooled_average(const at::Tensor& x, const PoolPlan& plan) {
  const std::vector<int64_t> none(plan.placement.padding.size(), 0);
  if (is_direct(plan)) return average_pool(x, plan, plan.placement.front());
  // The share of each window that is not added.
  std::vector<int64_t> sizes(x.sizes().begin(), x.sizes().end());
  sizes[0] = sizes[1] = 1;
  const at::Tensor ones = at::ones(sizes, x.options());
  return average_pool(padded(x, plan.placement, 0), plan, none) / average_pool(padded(ones, plan.placement, 0), plan, none);
}

// The dimensions of the steps or pixels in a tensor of this layout.
std::vector<int64_t> extent_dims(const Shape& shape) {
  return shape.layout == Layout::image ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{1};
}

// The pool as one that fusion.h knows; nothing if it is another one. Its windows end at the edge of the image.
std::optional<ImagePool> image_pool(const PoolPlan& pool, const Shape& input) {
  if (input.layout != Layout::image || pool.kernel != 3 || pool.stride != 2) return {};
  const auto fits = [&](size_t axis) {
    return pool.placement.padding[axis][0] <= 1 && pool.placement.output.extents[axis] == (input.extents[axis] + 1) / 2;
  };
  if (!fits(0) || !fits(1)) return {};
  return ImagePool{.top = pool.placement.padding[0][0], .left = pool.placement.padding[1][0]};
}

}  // namespace

Plan plan(const MaxPoolLayer& config, const Shape& input, Planner&) {
  const PoolPlan pool = plan_pool(config, input);
  if (const auto fusable = image_pool(pool, input)) {
    return {pool.placement.output, [fusable](Assembly&) { return Made{*fusable}; }};
  }
  return plain(pool.placement.output, [=](const at::Tensor& x, Pass& pass) {
    const at::Tensor known = pass.filled(x, input, -std::numeric_limits<double>::infinity());
    const at::Tensor largest =
        with_channels_first(known, input, [&](const at::Tensor& values) { return pooled_max(values, pool); });
    return pass.filled(largest, pool.placement.output);
  });
}

Plan plan(const AveragePoolLayer& config, const Shape& input, Planner&) {
  const PoolPlan pool = plan_pool(config, input);
  return plain(pool.placement.output, [=](const at::Tensor& x, Pass& pass) {
    const auto pooled = [&](const at::Tensor& each) {
      return with_channels_first(each, input, [&](const at::Tensor& values) { return pooled_average(values, pool); });
    };
    const at::Tensor means = pooled(pass.filled(x, input));
    if (!input.steps) return means;
    const at::Tensor parts = pooled(pass.mask(input).unsqueeze(2).to(x.scalar_type()));  // of each window that count
    return means / parts.clamp_min(0.5 / kMostKernel);
  });
}

Plan plan(const MeanLayer&, const Shape& input, Planner&) {
  require_positions(input);
  return plain(features(input.channels), [input, dims = extent_dims(input)](const at::Tensor& x, Pass& pass) {
    if (!input.steps) return x.mean(dims);
    return pass.filled(x, input).sum(1) / pass.count(input).clamp_min(1).unsqueeze(1).to(x.scalar_type());
  });
}

Plan plan(const MaxLayer&, const Shape& input, Planner&) {
  require_positions(input);
  return plain(features(input.channels), [input, dims = extent_dims(input)](const at::Tensor& x, Pass& pass) {
    const at::Tensor largest = pass.filled(x, input, -std::numeric_limits<double>::infinity()).amax(dims);
    return input.steps ? largest.masked_fill((pass.count(input) == 0).unsqueeze(1), 0) : largest;
  });
}

}  // namespace hpcai::models::network
