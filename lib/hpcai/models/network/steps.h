#pragma once

#include <cstdint>

namespace hpcai::models::network {

// How many steps of a layer's tensor belong to a sequence of `length` steps, where sequences of different length are padded to
// one: (length + add) / divide, rounded down, and at least 0. Layers of windows compose to one such rule, because
// floor((floor(x / a) + c) / b) = floor((x + c a) / (a b)).
struct StepRule {
  int64_t add = 0, divide = 1;

  bool operator==(const StepRule&) const = default;

  // Behind a layer that leaves (steps + change) / stride steps.
  StepRule then(int64_t change, int64_t stride) const { return {add + divide * change, divide * stride}; }
};

}  // namespace hpcai::models::network
