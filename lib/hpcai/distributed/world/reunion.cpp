#include "hpcai/distributed/world/reunion.h"

#include "hpcai/distributed/world/parent_link.h"

namespace hpcai::distributed {

void Reunion::report(const std::vector<int>& lost, int64_t step) const {
  send_report(world_.parent_fd, {world_.restarts, step, lost});
}

std::optional<World> Reunion::wait() {
  auto call = wait_for_call(world_.parent_fd);
  if (!call) return std::nullopt;
  world_.master_port = call->port;
  world_.job = call->job;
  world_.restarts = call->restarts;
  world_.listen_fd = call->listen_fd;
  return world_;
}

}  // namespace hpcai::distributed
