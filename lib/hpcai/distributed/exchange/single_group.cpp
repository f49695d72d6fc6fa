#include "hpcai/distributed/exchange/single_group.h"

#include <unistd.h>

#include <utility>

#include "hpcai/distributed/watch/lone_watchdog.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

class DoneWork : public Work {
 public:
  void wait() override {}
};

class SingleGroup : public Group {
 public:
  SingleGroup(at::Device device, std::shared_ptr<Status> status) : Group(0, 1, device, {}, std::move(status)) {}
  bool can_average() const override { return true; }
  std::unique_ptr<Group> split(int) override { return make_single_group(device(), shared_status()); }
  std::unique_ptr<Work> all_reduce_async(const at::Tensor&, ReduceOp) override { return std::make_unique<DoneWork>(); }

 protected:
  void broadcast_bytes(const at::Tensor&, int) override {}
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override { return {bytes.clone()}; }
};

class WatchedSingleGroup : public SingleGroup {
 public:
  WatchedSingleGroup(at::Device device, const WatchLimits& limits)
      : SingleGroup(device, std::make_shared<Status>()),
        watchdog_({.host = host_name(), .process = getpid()}, limits, shared_status()) {}

 private:
  LoneWatchdog watchdog_;
};

}  // namespace

std::unique_ptr<Group> make_single_group(at::Device device, std::shared_ptr<Status> status) {
  return std::make_unique<SingleGroup>(device, status ? std::move(status) : std::make_shared<Status>());
}

std::unique_ptr<Group> make_watched_single_group(at::Device device, const WatchLimits& limits) {
  return std::make_unique<WatchedSingleGroup>(device, limits);
}

}  // namespace hpcai::distributed
