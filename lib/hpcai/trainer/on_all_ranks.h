#pragma once

#include <functional>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// Runs `work` on every rank. If it fails on any, all ranks throw the same SharedError, which names the ranks unless all
// failed alike; so no rank waits for one that is gone. Bugs (exceptions other than Error) count as ExitCode::internal.
void on_all_ranks(distributed::Group& group, const std::function<void()>& work);

}  // namespace hpcai::trainer
