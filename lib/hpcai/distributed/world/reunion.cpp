#include "hpcai/distributed/world/reunion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hpcai/distributed/world/parent_link.h"

namespace hpcai::distributed {
namespace {

constexpr int kLastPort = 65535, kFurtherPorts = 8;

std::vector<int> without(int size, const std::vector<int>& lost) {
  std::vector<int> left;
  for (int rank = 0; rank < size; ++rank) {
    if (std::ranges::count(lost, rank) == 0) left.push_back(rank);
  }
  return left;
}

}  // namespace

bool Reunion::is_called() const { return distributed::is_called(world_.parent_fd); }

bool Reunion::may_go_on_alone() const {
  return world_.size > 1 && world_.restarts < world_.most_restarts && world_.launcher != "nproc" && world_.launcher != "torchrun";
}

void Reunion::report(const std::vector<int>& lost, const std::vector<std::string>& addresses, int64_t step) {
  lost_ = lost;
  if (!addresses.empty()) addresses_ = addresses;
  if (has_parent()) send_report(world_.parent_fd, {world_.restarts, step, lost});
}

std::optional<World> Reunion::next(const std::function<bool(int)>& usable) {
  if (has_parent()) {
    auto call = wait_for_call(world_.parent_fd);
    if (!call) return std::nullopt;
    world_.master_port = call->port;
    world_.job = call->job;
    world_.restarts = call->restarts;
    world_.listen_fd = call->listen_fd;
    return world_;
  }
  const std::vector<int> left = without(world_.size, lost_);
  const auto own = std::ranges::find(left, world_.rank);
  if (own == left.end() || 2 * std::ssize(left) < world_.size || addresses_.size() != static_cast<size_t>(world_.size))
    return std::nullopt;
  int size = static_cast<int>(left.size());
  while (size > 1 && !usable(size)) --size;
  std::vector<std::string> addresses;
  for (const int rank : left) addresses.push_back(addresses_[static_cast<size_t>(rank)]);
  addresses.resize(static_cast<size_t>(size));
  // A rank that takes others for lost derives another job, and so does not meet these.
  world_.job = fmt::format("{} without {}", world_.job, fmt::join(lost_, ","));
  world_.rank = static_cast<int>(own - left.begin());
  world_.size = size;
  world_.master_host = addresses.front();
  // A frozen rank may still hold the old port.
  world_.master_port = world_.master_port < kLastPort - kFurtherPorts ? world_.master_port + 1 : kLastPort - 2 * kFurtherPorts;
  world_.spare_ports = kFurtherPorts;
  world_.fallback_host.clear();
  world_.master_host_guessed = false;
  ++world_.restarts;
  addresses_ = std::move(addresses);
  return world_;
}

}  // namespace hpcai::distributed
