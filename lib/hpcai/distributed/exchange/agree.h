#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// Throws Error{ranks_disagree}, on all ranks, naming those whose `value` differs from rank 0's. `what` completes the
// sentence "the ranks have different ..."; short sentences are shown, digests and long texts are not.
void agree(Group& group, const std::string& what, const std::string& value);

// Makes `tensors`, of any shapes and types, equal on all ranks to those of rank 0, in place. Throws Error{ranks_disagree} if
// their number, shapes or dtypes differ.
void broadcast_state(Group& group, const std::vector<at::Tensor>& tensors);

}  // namespace hpcai::distributed
