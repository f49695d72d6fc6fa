#include "hpcai/models/network/plan.h"

#include <fmt/format.h>

#include <utility>

namespace hpcai::models::network {

at::Tensor Pass::count(const Shape& shape) const {
  const StepRule& rule = *shape.steps;
  const at::Tensor steps = (lengths + rule.add).div(rule.divide, "floor");
  return steps.clamp(0, shape.extents[0]);
}

at::Tensor Pass::mask(const Shape& shape) const {
  return at::arange(shape.extents[0], lengths.options()).unsqueeze(0) < count(shape).unsqueeze(1);
}

at::Tensor Pass::filled(const at::Tensor& values, const Shape& shape, double value) const {
  return shape.steps ? values.masked_fill(mask(shape).logical_not().unsqueeze(2), value) : values;
}

std::vector<Operation> joined(std::span<const std::vector<Operation>> lists) {
  std::vector<Operation> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

Plan plain(Shape output, Function forward) {
  return {std::move(output), [forward = std::move(forward)](Assembly&) { return Made{forward}; }};
}

void require_moderate(double weights) {
  constexpr double kMost = 1LL << 31;
  if (weights <= kMost) return;
  throw Fault{fmt::format("it would have {:.3g} weights, more than 2^31", weights),
              "make its input smaller, for example by `mean` or `max_pool`"};
}

}  // namespace hpcai::models::network
