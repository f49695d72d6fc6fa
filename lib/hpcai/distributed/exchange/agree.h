#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// Throws Error{ranks_disagree} on all ranks if `value` differs between ranks. The message names the ranks whose value differs
// from rank 0's. `what` completes the sentence "the ranks have different ...". The message quotes short values and omits digests
// and long texts. Every rank calls it.
void agree(Group& group, const std::string& what, const std::string& value);

// Copies the `tensors` (any shapes and dtypes) of rank `root` to all ranks, in place. Throws Error{ranks_disagree} if their
// number, shapes or dtypes differ. Every rank calls it.
void broadcast_state(Group& group, const std::vector<at::Tensor>& tensors, int root = 0);

}  // namespace hpcai::distributed
