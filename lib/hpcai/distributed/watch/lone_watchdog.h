#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "hpcai/distributed/watch/monitor.h"
#include "hpcai/distributed/watch/status.h"

namespace hpcai::distributed {

// The watchdog of a rank without others: a thread that ends the process with ExitCode::hang once the rank makes no progress, as
// Monitor judges it. It uses no sockets.
class LoneWatchdog {
 public:
  // Starts the thread. `self`: this process, for messages.
  LoneWatchdog(Peer self, const WatchLimits& limits, std::shared_ptr<Status> status);
  ~LoneWatchdog();
  LoneWatchdog(const LoneWatchdog&) = delete;
  LoneWatchdog& operator=(const LoneWatchdog&) = delete;

 private:
  void run();

  WatchLimits limits_;
  std::shared_ptr<Status> status_;
  Monitor monitor_;
  std::mutex mutex_;  // protects stop_
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace hpcai::distributed
