#pragma once

#include <memory>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/watch/monitor.h"

namespace hpcai::distributed {

// Returns a group of one rank, whose exchanges complete when they are called. `status`: that of the run, if the group is part of
// one.
std::unique_ptr<Group> make_single_group(at::Device device = at::kCPU, std::shared_ptr<Status> status = nullptr);

// Returns the group of a run of one rank, with a LoneWatchdog that ends the process if the rank hangs while the group exists.
std::unique_ptr<Group> make_watched_single_group(at::Device device, const WatchLimits& limits);

}  // namespace hpcai::distributed
