#pragma once

#include <exception>
#include <memory>

#include "hpcai/distributed/exchange/backend.h"
#include "hpcai/distributed/exchange/shared_memory.h"
#include "hpcai/distributed/meeting/rendezvous.h"
#include "hpcai/distributed/watch/watchdog.h"

namespace hpcai::distributed {

// This rank's part in a run: the meeting, the watchdog, and all that carries its exchanges. All groups of the run share one
// membership. It ends, with a farewell to the other ranks, when the last of these groups is destroyed.
class Membership {
 public:
  // From here on the ranks watch over each other. `rank`: of this process in the run.
  Membership(Meeting meeting, const WatchLimits& limits, int rank);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  const Meeting& meeting() const { return meeting_; }
  const std::shared_ptr<Status>& status() const { return status_; }

  // What a group uses. It is given up when the run must end, so that no exchange waits any longer, and is kept until the end of
  // the membership: the connections of one rank must not close while another one still uses them.
  void keep(BackendPointer backend);
  void keep(std::shared_ptr<SharedMemory> memory);

  // For an exchange that has failed: waits for the reason and throws it as Error{peers_unreachable} or Error{hang}. `what` names
  // the exchange, as in "all-reduce"; `failure` is what it threw.
  [[noreturn]] void report_loss(const char* what, const std::exception& failure);

 private:
  struct Carriers;

  void shut_down();

  std::shared_ptr<Status> status_ = std::make_shared<Status>();
  Meeting meeting_;
  std::shared_ptr<Carriers> carriers_;  // what was kept; shared with the thread that gives the exchanges up
  bool broken_ = false;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace hpcai::distributed
