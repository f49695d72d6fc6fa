#pragma once

#include <string>

#include "hpcai/core/named_tensors.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/reducer.h"

namespace hpcai::trainer {

// The memory of gradient compression (distributed.compression) in a checkpoint. Every rank has errors of its own, so the
// checkpoint holds those of all ranks.

// Returns the memory of all ranks on rank 0, as copies, and nothing on the others. Every rank calls it. One rank after another
// sends its errors to all, so a rank needs room for those of one rank, and rank 0 for those of all.
NamedTensors gather_compression_memory(distributed::Group& group, const distributed::Reducer& reducer);

// Whether a tensor of a checkpoint is one of gather_compression_memory().
bool is_compression_memory(const std::string& name);

// Gives each rank its memory again. With another number of ranks than at the time of saving, each rank takes the mean of the
// errors of all ranks: the mean over the ranks, which is what later steps make up for, stays the same. Without saved memory the
// reducer's memory stays empty. Throws Error{cannot_resume} if the tensors do not fit the reducer.
void restore_compression_memory(const distributed::Group& group, const distributed::Reducer& reducer, const NamedTensors& saved);

}  // namespace hpcai::trainer
