#pragma once

#include <exception>
#include <memory>

#include "hpcai/distributed/exchange/backend.h"
#include "hpcai/distributed/exchange/links.h"
#include "hpcai/distributed/exchange/shared_memory.h"
#include "hpcai/distributed/meeting/rendezvous.h"
#include "hpcai/distributed/watch/watchdog.h"

namespace hpcai::distributed {

// This rank's membership in a run: the meeting, the watchdog, and the backends, links and memory of its exchanges. All groups of
// the run share one membership. It ends, with a farewell to the other ranks, when the last of these groups is destroyed.
class Membership {
 public:
  // Starts the watchdog of this rank. `rank`: of this process in the run.
  Membership(Meeting meeting, const WatchLimits& limits, int rank);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  const Meeting& meeting() const { return meeting_; }
  const std::shared_ptr<Status>& status() const { return status_; }

  // Keeps the backend, links or memory of a group until the membership ends, because the connections of a rank must stay open
  // while other ranks use them. When the run must end, the watchdog thread aborts them, so that no exchange waits any longer.
  void keep(BackendPointer backend);
  void keep(std::shared_ptr<SharedMemory> memory);
  void keep(std::shared_ptr<Links> links);

  // Waits for the reason of a failed exchange and throws it as RanksLost. `what` names the
  // exchange, for example "all-reduce". `failure` is the exception of the exchange, which the caller is handling. An Error is
  // thrown again at once.
  [[noreturn]] void report_loss(const char* what, const std::exception& failure);

 private:
  struct Carriers;

  void shut_down();

  std::shared_ptr<Status> status_ = std::make_shared<Status>();
  Meeting meeting_;
  std::shared_ptr<Carriers> carriers_;  // what keep() has got; shared with the watchdog thread, which aborts them
  bool broken_ = false;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace hpcai::distributed
