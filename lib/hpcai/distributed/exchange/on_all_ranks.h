#pragma once

#include <functional>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// Every rank calls this function, runs `work`, and then learns whether `work` has thrown on another rank. If it has, all ranks
// throw the same SharedError, so that no rank waits for a rank that has left. The error is that of the first rank that failed; it
// names the rank unless all ranks failed with the same error. as_error() converts exceptions other than Error.
void on_all_ranks(Group& group, const std::function<void()>& work);

}  // namespace hpcai::distributed
