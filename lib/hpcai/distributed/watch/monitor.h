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

// The time limits of the watch. from() derives all of them from distributed.timeout_s and distributed.connect_timeout_s.
struct WatchLimits {
  SteadyClock::duration glance;    // interval at which a watchdog compares its rank's status with the last one sent
  SteadyClock::duration beat;      // longest interval between two signs of life of a rank whose status is unchanged
  SteadyClock::duration silence;   // a rank without a sign of life for this long is lost
  SteadyClock::duration stall;     // a rank without progress for this long, while another rank waits for it, hangs
  SteadyClock::duration patience;  // replaces `stall` at the start, in the first step and while a checkpoint is written
  SteadyClock::duration grace;     // time for the main thread of a rank to end by itself once the run must end

  // `size`: number of ranks in the run.
  static WatchLimits from(const DistributedConfig& config, int size);
};

// The reason why the run ends on all ranks.
struct EndReason {
  ExitCode code = ExitCode::peers_unreachable;
  std::string text;
  std::string remedy;
  std::vector<int> ranks = {};  // those that crashed, are unreachable or hang; empty if they have ended by themselves, or if they
                                // hold this rank for lost
};

// Text such as "rank 3 (host n2, process 4711), in the update of step 17,".
std::string describe_place(int rank, const Peer& peer, const Status::Snapshot& status);

// The reason for lost ranks. `place` comes from describe_place(). `why` states the evidence.
EndReason lost(std::vector<int> ranks, const std::string& place, const std::string& why);

// The monitor receives the signs of life of all ranks and decides whether a rank is lost or hangs. It uses no sockets: rank 0's
// key server calls it and serialises all calls; a rank without others has a LoneWatchdog that does.
//
// A rank hangs if it makes no progress for the limit of its phase while another rank waits for it. If no rank waits, slow work is
// likelier than a hang, and the limit is ten times as long, or 20 times the longest part of a step so far, if that is longer.
class Monitor {
 public:
  // `peers`: by rank. All ranks count as just seen at `now`.
  Monitor(std::vector<Peer> peers, WatchLimits limits, SteadyClock::time_point now);

  // Records a sign of life of `rank`. `broken`: an exchange of that rank has failed, and the rank waits for the reason.
  void beat(int rank, const Status::Snapshot& status, bool broken, SteadyClock::time_point now);
  // Records the farewell of `rank`. `failed`: the rank ends with an error.
  void left(int rank, bool failed);
  // Records that the connection of `rank` ended without a farewell.
  void vanished(int rank);

  // Returns the reason why the run must end, or nothing while all ranks are well. The first reason is final.
  const std::optional<EndReason>& judge(SteadyClock::time_point now);
  const Status::Snapshot& status_of(int rank) const { return members_[static_cast<size_t>(rank)].status; }

 private:
  enum class State { present, left, failed, vanished };
  struct Member {
    State state = State::present;
    Status::Snapshot status;
    bool broken = false;
    SteadyClock::time_point seen;     // time of the last sign of life
    SteadyClock::time_point moved;    // time of the last progress
    SteadyClock::duration longest{};  // longest time between two signs of progress within a step
  };

  void excuse_own_pause(SteadyClock::time_point now);
  SteadyClock::duration limit_for(const Status::Snapshot& status) const;
  std::optional<EndReason> find_lost(SteadyClock::time_point now) const;
  std::optional<EndReason> find_departed(SteadyClock::time_point now) const;
  std::optional<EndReason> find_stalled(SteadyClock::time_point now) const;
  SteadyClock::duration unawaited_limit_for(const Member& member) const;
  std::optional<EndReason> find_unawaited(SteadyClock::time_point now) const;
  std::vector<int> ranks_to_blame() const;
  std::string describe(const std::vector<int>& ranks) const;

  std::vector<Peer> peers_;
  WatchLimits limits_;
  std::vector<Member> members_;
  SteadyClock::time_point called_;  // time of the last call of beat() or judge()
  std::optional<EndReason> reason_;
};

}  // namespace hpcai::distributed
