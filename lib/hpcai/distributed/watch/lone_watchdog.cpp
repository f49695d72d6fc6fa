#include "hpcai/distributed/watch/lone_watchdog.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/watch/watchdog.h"

namespace hpcai::distributed {

LoneWatchdog::LoneWatchdog(Peer self, const WatchLimits& limits, std::shared_ptr<Status> status)
    : limits_(limits),
      status_(std::move(status)),
      monitor_(std::vector<Peer>{std::move(self)}, limits, SteadyClock::now()),
      thread_(start_thread("that watches this rank", [this] { run(); })) {}

LoneWatchdog::~LoneWatchdog() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void LoneWatchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    Status::Snapshot status = status_->snapshot();
    if (status.waits()) status.phase = Phase::compute;  // it waits for its own GPU, not for other ranks
    const auto now = SteadyClock::now();
    monitor_.beat(0, status, /*broken=*/false, now);
    if (const auto& reason = monitor_.judge(now)) {
      Watchdog::write_reason(*reason);
      _exit(static_cast<int>(reason->code));
    }
    changed_.wait_for(lock, limits_.beat);
  }
}

}  // namespace hpcai::distributed
