#include "hpcai/models/network/plan.h"

#include <fmt/format.h>

#include <utility>

namespace hpcai::models::network {

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
