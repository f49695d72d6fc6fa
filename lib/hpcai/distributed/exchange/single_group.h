#pragma once

#include <memory>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// A group of one member: every exchange is done when it is called. `status`: of the run, if this is a part of a larger group.
std::unique_ptr<Group> make_single_group(at::Device device = at::kCPU, std::shared_ptr<Status> status = nullptr);

}  // namespace hpcai::distributed
