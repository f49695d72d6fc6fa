#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// How a state that should be equal on all ranks differs.
struct StateDifference {
  std::vector<int> ranks;     // those that differ from the majority, which is more than half of all ranks; all without a majority
  std::optional<int> source;  // the first rank of the majority; nothing without one
  std::string tensor;         // the first tensor that differs
};

// Compares the bits of `tensors` (any shapes and dtypes, on the group's device) over the ranks. Each rank sums the bits of each
// tensor as 64-bit integers, in one pass on the device, and the ranks exchange the sums: a single bit that differs is always
// seen. Returns nothing if the sums are equal on all ranks. Every rank calls it with tensors of the same names, shapes and
// dtypes.
std::optional<StateDifference> compare_state(Group& group, const NamedTensors& tensors);

// The sum of the bits of a tensor: [] int64 on its device, modulo 2^64.
at::Tensor sum_of_bits(const at::Tensor& tensor);

}  // namespace hpcai::distributed
