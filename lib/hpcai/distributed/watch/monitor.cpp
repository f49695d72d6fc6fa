#include "hpcai/distributed/watch/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hpcai::distributed {
namespace {

constexpr size_t kMostDescribed = 4;
// The limits for a rank for which nobody waits: in units of the limits for others, and of its longest part of a step so far.
constexpr int kUnawaitedFactor = 10, kLongestPartFactor = 20;
constexpr const char* kSlowRemedy =
    "Look at that host: a file system that does not answer, or too little memory. If it is only slow, raise "
    "distributed.timeout_s.";
constexpr const char* kUnawaitedRemedy =
    "Look at that host: a file system that does not answer, too little memory, or a terminal or pager that takes no output "
    "(Ctrl-S). If it is only slow, raise distributed.timeout_s.";

double seconds(SteadyClock::duration duration) { return std::chrono::duration<double>(duration).count(); }

SteadyClock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

WatchLimits WatchLimits::from(const DistributedConfig& config, int size) {
  const double beat = std::min(1.0, config.timeout_s / 20);
  const double limit = config.timeout_s - 4 * beat;  // the rest is for the detection, the announcement and the exit
  const double glance =
      std::clamp(0.001 * size, 0.02, std::max(0.02, beat));  // rank 0 receives about 1000 messages a second at most
  return {duration_of(std::min(glance, beat)),
          duration_of(beat),
          duration_of(limit),
          duration_of(limit),
          duration_of(std::max(limit, config.connect_timeout_s)),
          duration_of(2 * beat)};
}

std::string describe_place(int rank, const Peer& peer, const Status::Snapshot& status) {
  const std::string step = status.step > 0 ? fmt::format(" of step {}", status.step) : "";
  return fmt::format("{}, in {}{},", describe_rank(rank, peer), name_of(status.phase), step);
}

EndReason lost(std::vector<int> ranks, const std::string& place, const std::string& why) {
  return {
      ExitCode::peers_unreachable, fmt::format("{} was lost: {}", place, why),
      "Look at the first messages of that rank and at its host. A training goes on from its last checkpoint with --resume auto.",
      std::move(ranks)};
}

Monitor::Monitor(std::vector<Peer> peers, WatchLimits limits, SteadyClock::time_point now)
    : peers_(std::move(peers)), limits_(limits), members_(peers_.size()), called_(now) {
  for (Member& member : members_) member.seen = member.moved = now;
}

void Monitor::beat(int rank, const Status::Snapshot& status, bool broken, SteadyClock::time_point now) {
  excuse_own_pause(now);
  Member& member = members_.at(static_cast<size_t>(rank));
  if (status.progress != member.status.progress) {
    if (member.status.in_step()) member.longest = std::max(member.longest, now - member.moved);
    member.moved = now;
  }
  member.seen = now;
  member.status = status;
  member.broken = broken;
}

void Monitor::left(int rank, bool failed) { members_.at(static_cast<size_t>(rank)).state = failed ? State::failed : State::left; }

void Monitor::vanished(int rank) {
  Member& member = members_.at(static_cast<size_t>(rank));
  if (member.state == State::present) member.state = State::vanished;
}

const std::optional<EndReason>& Monitor::judge(SteadyClock::time_point now) {
  if (reason_) return reason_;
  excuse_own_pause(now);
  reason_ = find_lost(now);
  if (!reason_) reason_ = find_departed(now);
  if (!reason_) reason_ = find_stalled(now);
  if (!reason_) reason_ = find_unawaited(now);
  return reason_;
}

// Rank 0's process may have been stopped, alone or with the whole job (Ctrl-Z, a suspended virtual machine). It has read no signs
// of life during such a pause, so the pause does not count as silence of the other ranks.
void Monitor::excuse_own_pause(SteadyClock::time_point now) {
  const auto absence = now - std::exchange(called_, now);
  if (absence < 2 * limits_.beat) return;
  for (Member& member : members_) {
    member.seen += absence;
    member.moved += absence;
  }
}

std::optional<EndReason> Monitor::find_lost(SteadyClock::time_point now) const {
  std::vector<int> ended, silent;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state == State::vanished) ended.push_back(static_cast<int>(rank));
    if (member.state == State::present && now - member.seen > limits_.silence) silent.push_back(static_cast<int>(rank));
  }
  if (!ended.empty()) return lost(ended, describe(ended), "the connection was closed, so its process has ended");
  if (silent.empty()) return std::nullopt;
  return lost(silent, describe(silent),
              fmt::format("no sign of life for {:.3g} s; it was stopped, or its network is down", seconds(limits_.silence)));
}

// A rank that has left is lost only if a present rank still needs it. A present rank needs it in three cases: an exchange of the
// present rank has failed; the present rank has waited in an exchange for half of the limit; the present rank is connecting and
// another rank has failed.
std::optional<EndReason> Monitor::find_departed(SteadyClock::time_point now) const {
  std::vector<int> failed, departed;
  bool missed = false, connects = false;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state == State::failed) failed.push_back(static_cast<int>(rank));
    if (member.state == State::left) departed.push_back(static_cast<int>(rank));
    if (member.state != State::present) continue;
    missed |= member.broken || (member.status.waits() && now - member.moved > limits_.silence / 2);
    connects |= member.status.phase == Phase::connect;
  }
  missed |= connects && !failed.empty();
  if (!missed || (failed.empty() && departed.empty())) return std::nullopt;
  if (failed.empty()) return lost({}, describe(departed), "it has ended while others still need it");
  return lost({}, describe(failed), "it has ended with an error of its own");
}

// Gloo ends a connection attempt after connect_timeout_s with a more precise message, so the monitor waits longer than Gloo. NCCL
// has no limit of its own.
SteadyClock::duration Monitor::limit_for(const Status::Snapshot& status) const {
  if (status.phase == Phase::connect) return limits_.patience + limits_.stall;
  return status.may_take_long() ? limits_.patience : limits_.stall;
}

// Returns the ranks that keep the others waiting when no rank makes progress. These are the ranks outside an exchange. If all
// ranks wait in an exchange, they wait in different ones, and the ranks that have begun the fewest exchanges are behind.
std::vector<int> Monitor::ranks_to_blame() const {
  uint64_t fewest = UINT64_MAX;
  for (const Member& member : members_) {
    if (member.state == State::present) fewest = std::min(fewest, member.status.exchanges);
  }
  std::vector<int> busy, behind;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state != State::present) continue;
    if (!member.status.waits()) busy.push_back(static_cast<int>(rank));
    if (member.status.exchanges == fewest) behind.push_back(static_cast<int>(rank));
  }
  return busy.empty() ? behind : busy;
}

// The run hangs if a rank waits in an exchange and no rank has made progress within its limit. The decision is postponed while a
// sign of life is overdue: either the sign arrives, or find_lost() names the rank.
std::optional<EndReason> Monitor::find_stalled(SteadyClock::time_point now) const {
  size_t present = 0, waiting = 0;
  auto last_move = SteadyClock::time_point::min();
  for (const Member& member : members_) {
    if (member.state != State::present) continue;
    if (now - member.seen > 2 * limits_.beat) return std::nullopt;
    if (now - member.moved <= limit_for(member.status)) return std::nullopt;
    ++present;
    waiting += member.status.waits() ? 1 : 0;
    last_move = std::max(last_move, member.moved);
  }
  if (waiting == 0) return std::nullopt;
  const std::vector<int> blamed = ranks_to_blame();
  const double waited = std::floor(seconds(now - last_move));
  if (waiting == present && blamed.size() == present) {
    return EndReason{
        ExitCode::hang,
        fmt::format("an exchange in which all ranks take part has not ended for {:.3g} s: {}", waited, describe(blamed)),
        "Check the network between the hosts; if it is only slow, raise distributed.timeout_s."};
  }
  return EndReason{ExitCode::hang,
                   fmt::format("{} has made no progress for {:.3g} s while others wait for it", describe(blamed), waited),
                   kSlowRemedy, blamed};
}

SteadyClock::duration Monitor::unawaited_limit_for(const Member& member) const {
  return std::max(kUnawaitedFactor * limit_for(member.status), kLongestPartFactor * member.longest);
}

// A rank that does not wait for others, and for which nobody waits, such as one of many that hang all alike, or one without
// others. Ranks that reach their limit a little later are named with the first. A rank whose sign of life is overdue is left to
// find_lost().
std::optional<EndReason> Monitor::find_unawaited(SteadyClock::time_point now) const {
  std::vector<int> hanging;
  bool over = false;
  auto last_move = SteadyClock::time_point::min();
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state != State::present || member.status.waits() || now - member.seen > 2 * limits_.beat) continue;
    const auto limit = unawaited_limit_for(member), still = now - member.moved;
    if (still <= limit - limit / 10) continue;
    over |= still > limit;
    hanging.push_back(static_cast<int>(rank));
    last_move = std::max(last_move, member.moved);
  }
  if (!over) return std::nullopt;
  return EndReason{ExitCode::hang,
                   fmt::format("{} has made no progress for {:.3g} s", describe(hanging), std::floor(seconds(now - last_move))),
                   kUnawaitedRemedy, hanging};
}

std::string Monitor::describe(const std::vector<int>& ranks) const {
  std::string text;
  for (size_t i = 0; i < std::min(ranks.size(), kMostDescribed); ++i) {
    const auto rank = static_cast<size_t>(ranks[i]);
    if (i > 0) text += ' ';
    text += describe_place(ranks[i], peers_[rank], members_[rank].status);
  }
  if (ranks.size() <= kMostDescribed) return text;
  return fmt::format("{} and {}", text, describe_ranks({ranks.begin() + kMostDescribed, ranks.end()}));
}

}  // namespace hpcai::distributed
