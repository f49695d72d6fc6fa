#pragma once

#include <memory>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// Returns a group of one rank, whose exchanges complete when they are called. `status`: that of the run, if the group is part of
// one.
std::unique_ptr<Group> make_single_group(at::Device device = at::kCPU, std::shared_ptr<Status> status = nullptr);

}  // namespace hpcai::distributed
