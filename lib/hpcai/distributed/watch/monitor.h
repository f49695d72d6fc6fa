#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/distributed/config.h"
#include "hpcai/distributed/watch/status.h"
#include "hpcai/distributed/world/peers.h"

namespace hpcai::distributed {

using SteadyClock = std::chrono::steady_clock;

// How long the ranks trust each other. All follow from distributed.timeout_s and connect_timeout_s.
struct WatchLimits {
  SteadyClock::duration glance;    // how often a rank looks whether it has something new to tell
  SteadyClock::duration beat;      // between two signs of life of a rank that has nothing new to tell
  SteadyClock::duration silence;   // a rank without a sign of life for this long is lost; timeout_s less what telling all takes
  SteadyClock::duration stall;     // a rank that lives without progress for this long, while others wait for it, hangs
  SteadyClock::duration patience;  // the same at the start, in the first step and while a checkpoint is written
  SteadyClock::duration grace;     // for a rank's main thread to end by itself once the run must end

  static WatchLimits from(const DistributedConfig& config, int size);
};

// Why the run ends on all ranks.
struct EndReason {
  ExitCode code = ExitCode::peers_unreachable;
  std::string text;
  std::string remedy;
};

// "rank 3 (host n2, process 4711), in the update of step 17,"
std::string describe_place(int rank, const Peer& peer, const Status::Snapshot& status);

// That a rank was lost: `place` names it, as describe_place() does, `why` says how that is known.
EndReason lost(const std::string& place, const std::string& why);

// Decides from the signs of life of all ranks whether one of them is lost or hangs. It knows nothing of sockets: rank 0's key
// server feeds it.
class Monitor {
 public:
  Monitor(std::vector<Peer> peers, WatchLimits limits, SteadyClock::time_point now);

  // A sign of life of a rank. `broken`: an exchange of that rank has failed, and it asks for the reason.
  void beat(int rank, const Status::Snapshot& status, bool broken, SteadyClock::time_point now);
  // The rank has said farewell, at the end or because of an error of its own.
  void left(int rank, bool failed);
  // The rank's connection ended without a farewell.
  void vanished(int rank);

  // Why the run must end now; nothing if all is well. The first reason is final.
  const std::optional<EndReason>& judge(SteadyClock::time_point now);
  const Status::Snapshot& status_of(int rank) const { return members_[static_cast<size_t>(rank)].status; }

 private:
  enum class State { present, left, failed, vanished };
  struct Member {
    State state = State::present;
    Status::Snapshot status;
    bool broken = false;
    SteadyClock::time_point seen;   // last sign of life
    SteadyClock::time_point moved;  // last progress
  };

  void excuse_own_pause(SteadyClock::time_point now);
  SteadyClock::duration limit_for(const Status::Snapshot& status) const;
  std::optional<EndReason> find_lost(SteadyClock::time_point now) const;
  std::optional<EndReason> find_departed(SteadyClock::time_point now) const;
  std::optional<EndReason> find_stalled(SteadyClock::time_point now) const;
  std::vector<int> ranks_to_blame() const;
  std::string describe(const std::vector<int>& ranks) const;

  std::vector<Peer> peers_;
  WatchLimits limits_;
  std::vector<Member> members_;
  SteadyClock::time_point judged_;
  std::optional<EndReason> reason_;
};

}  // namespace hpcai::distributed
