#include "hpcai/models/network/sums.h"

#include <fmt/format.h>

#include "hpcai/core/text.h"

namespace hpcai::models::network {

Plan plan(const AddToLayer& config, const Shape& input, Planner& planner) {
  const auto [sum, is_new] = planner.sums.try_emplace(config.sum, Planner::Sum{input});
  if (sum->second.shape != input) {
    throw Fault{fmt::format("the sum {} is {}", printable(config.sum, 60), sum->second.shape.text()),
                "all that is added must have one shape"};
  }
  return plain(input, [name = config.sum](const at::Tensor& x, Pass& pass) {
    at::Tensor& sum = pass.sums[name];
    sum = sum.defined() ? sum + x : x;
    return x;
  });
}

Plan plan(const TakeLayer& config, const Shape&, Planner& planner) {
  const auto sum = planner.sums.find(config.sum);
  if (sum == planner.sums.end()) {
    throw Fault{fmt::format("nothing in front of it adds to the sum {}", printable(config.sum, 60)),
                fmt::format("put `add_to: {}` in front of it", printable(config.sum, 60))};
  }
  sum->second.taken = true;
  ++planner.takes;
  return plain(sum->second.shape, [name = config.sum](const at::Tensor&, Pass& pass) { return pass.sums.at(name); });
}

}  // namespace hpcai::models::network
