#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/distributed/config.h"
#include "hpcai/distributed/world/peers.h"
#include "hpcai/distributed/watch/status.h"

namespace hpcai::distributed {

using SteadyClock = std::chrono::steady_clock;

// How long the ranks trust each other. All follow from distributed.timeout_s and connect_timeout_s.
struct WatchLimits {
  SteadyClock::duration glance;    // how often a rank looks whether it has something new to tell
  SteadyClock::duration beat;      // between two signs of life of a rank that has nothing new to tell
  SteadyClock::duration silence;   // without a sign of life: lost. Shorter than timeout_s by what it takes to tell all ranks
  SteadyClock::duration stall;     // alive without progress while others wait: hangs
  SteadyClock::duration patience;  // the same at the start, in the first step and while a checkpoint is written
  SteadyClock::duration grace;     // for a rank's main thread to end by itself once somebody is lost

  static WatchLimits from(const DistributedConfig& config, int size);
};

// Why the run ends on all ranks.
struct Verdict {
  ExitCode code = ExitCode::peers_unreachable;
  std::string text;
  std::string remedy;
};

// "rank 3 (host n2, process 4711), in the update of step 17,"
std::string describe_place(int rank, const Peer& peer, const Status::Snapshot& status);
Verdict lost(const std::string& who, const std::string& why);

// Judges from their signs of life which ranks are lost or hang. Knows nothing of sockets; rank 0's key server feeds it.
class Monitor {
 public:
  Monitor(std::vector<Peer> peers, WatchLimits limits, SteadyClock::time_point now);

  // A sign of life. `broken`: an exchange of that rank has failed, and it asks for the reason.
  void beat(int rank, const Status::Snapshot& status, bool broken, SteadyClock::time_point now);
  void left(int rank, bool failed);  // has said farewell, at the end or because of an error of its own
  void vanished(int rank);           // its connection ended without a farewell

  // The first answer is final.
  const std::optional<Verdict>& judge(SteadyClock::time_point now);
  const Status::Snapshot& status_of(int rank) const { return members_[static_cast<size_t>(rank)].status; }

 private:
  enum class State { present, left, failed, vanished };
  struct Member {
    State state = State::present;
    Status::Snapshot status;
    bool broken = false;
    SteadyClock::time_point seen, moved;  // last sign of life, last progress
  };

  void forgive_own_absence(SteadyClock::time_point now);
  SteadyClock::duration limit_for(const Status::Snapshot& status) const;
  std::optional<Verdict> find_lost(SteadyClock::time_point now) const;
  std::optional<Verdict> find_departed(SteadyClock::time_point now) const;
  std::optional<Verdict> find_stalled(SteadyClock::time_point now) const;
  std::string describe(const std::vector<int>& ranks) const;

  std::vector<Peer> peers_;
  WatchLimits limits_;
  std::vector<Member> members_;
  SteadyClock::time_point judged_;
  std::optional<Verdict> verdict_;
};

}  // namespace hpcai::distributed
