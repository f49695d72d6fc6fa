#include "hpcai/distributed/watch/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hpcai::distributed {
namespace {

constexpr size_t kMostDescribed = 4;

double seconds(SteadyClock::duration duration) { return std::chrono::duration<double>(duration).count(); }

SteadyClock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

WatchLimits WatchLimits::from(const DistributedConfig& config, int size) {
  const double beat = std::min(1.0, config.timeout_s / 20);
  const double limit = config.timeout_s - 4 * beat;  // to be noticed, told to all, and for all to leave
  const double glance =
      std::clamp(0.001 * size, 0.02, std::max(0.02, beat));  // at most about a thousand messages a second for rank 0
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

Verdict lost(const std::string& who, const std::string& why) {
  return {
      ExitCode::peers_unreachable, fmt::format("{} was lost: {}", who, why),
      "Look at the first messages of that rank and at its host. A training goes on from its last checkpoint with --resume auto."};
}

Monitor::Monitor(std::vector<Peer> peers, WatchLimits limits, SteadyClock::time_point now)
    : peers_(std::move(peers)), limits_(limits), members_(peers_.size()), judged_(now) {
  for (Member& member : members_) member.seen = member.moved = now;
}

void Monitor::beat(int rank, const Status::Snapshot& status, bool broken, SteadyClock::time_point now) {
  Member& member = members_.at(static_cast<size_t>(rank));
  if (status.progress != member.status.progress) member.moved = now;
  member.seen = now;
  member.status = status;
  member.broken = broken;
}

void Monitor::left(int rank, bool failed) { members_.at(static_cast<size_t>(rank)).state = failed ? State::failed : State::left; }

void Monitor::vanished(int rank) {
  Member& member = members_.at(static_cast<size_t>(rank));
  if (member.state == State::present) member.state = State::vanished;
}

const std::optional<Verdict>& Monitor::judge(SteadyClock::time_point now) {
  if (verdict_) return verdict_;
  forgive_own_absence(now);
  verdict_ = find_lost(now);
  if (!verdict_) verdict_ = find_departed(now);
  if (!verdict_) verdict_ = find_stalled(now);
  return verdict_;
}

// A judge who was stopped himself, with the whole job or alone, has missed what the others said meanwhile.
void Monitor::forgive_own_absence(SteadyClock::time_point now) {
  const auto absence = now - std::exchange(judged_, now);
  if (absence < 2 * limits_.beat) return;
  for (Member& member : members_) {
    member.seen += absence;
    member.moved += absence;
  }
}

std::optional<Verdict> Monitor::find_lost(SteadyClock::time_point now) const {
  std::vector<int> ended, silent;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state == State::vanished) ended.push_back(static_cast<int>(rank));
    if (member.state == State::present && now - member.seen > limits_.silence) silent.push_back(static_cast<int>(rank));
  }
  if (!ended.empty()) return lost(describe(ended), "the connection was closed, so its process has ended");
  if (silent.empty()) return std::nullopt;
  return lost(describe(silent),
              fmt::format("no sign of life for {:.3g} s; it was stopped, or its network is down", seconds(limits_.silence)));
}

// Who has left is missed only when another rank needs it: at once if its exchange has failed, else when it has waited long.
std::optional<Verdict> Monitor::find_departed(SteadyClock::time_point now) const {
  std::vector<int> failed, departed;
  bool missed = false;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state == State::failed) failed.push_back(static_cast<int>(rank));
    if (member.state == State::left) departed.push_back(static_cast<int>(rank));
    if (member.state != State::present) continue;
    missed |= member.broken || (member.status.waits() && now - member.moved > limits_.silence / 2);
  }
  if (!missed || (failed.empty() && departed.empty())) return std::nullopt;
  if (failed.empty()) return lost(describe(departed), "it has ended while others still need it");
  return lost(describe(failed), "it has ended with an error of its own");
}

// Connecting is given up by Gloo itself after connect_timeout_s, with a reason that says more; NCCL waits for ever.
SteadyClock::duration Monitor::limit_for(const Status::Snapshot& status) const {
  if (status.phase == Phase::connect) return limits_.patience + limits_.stall;
  return status.may_take_long() ? limits_.patience : limits_.stall;
}

// Some rank waits in an exchange and nobody moves: those hang who have begun fewer exchanges than the others; among
// equals, those who are not waiting. While a rank is silent it is not known to live: it speaks again or will be lost.
std::optional<Verdict> Monitor::find_stalled(SteadyClock::time_point now) const {
  bool somebody_waits = false;
  auto last_move = SteadyClock::time_point::min();
  uint64_t fewest = UINT64_MAX;
  for (const Member& member : members_) {
    if (member.state != State::present) continue;
    if (now - member.seen > 2 * limits_.beat) return std::nullopt;
    if (now - member.moved <= limit_for(member.status)) return std::nullopt;
    somebody_waits |= member.status.waits();
    last_move = std::max(last_move, member.moved);
    fewest = std::min(fewest, member.status.exchanges);
  }
  if (!somebody_waits) return std::nullopt;
  std::vector<int> behind, busy;
  size_t present = 0;
  for (size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state != State::present) continue;
    ++present;
    if (member.status.exchanges != fewest) continue;
    behind.push_back(static_cast<int>(rank));
    if (!member.status.waits()) busy.push_back(static_cast<int>(rank));
  }
  const std::vector<int>& named = busy.empty() ? behind : busy;
  const double waited = std::floor(seconds(now - last_move));
  if (named.size() == present && busy.empty()) {
    return Verdict{
        ExitCode::hang,
        fmt::format("an exchange in which all ranks take part has not ended for {:.3g} s: {}", waited, describe(named)),
        "Check the network between the hosts; if it is only slow, raise distributed.timeout_s."};
  }
  return Verdict{ExitCode::hang,
                 fmt::format("{} has made no progress for {:.3g} s while others wait for it", describe(named), waited),
                 "Look at that host: a file system that does not answer, or too little memory. If it is only slow, raise "
                 "distributed.timeout_s."};
}

std::string Monitor::describe(const std::vector<int>& ranks) const {
  std::string text;
  for (size_t i = 0; i < std::min(ranks.size(), kMostDescribed); ++i) {
    const auto rank = static_cast<size_t>(ranks[i]);
    text += (i > 0 ? " " : "") + describe_place(ranks[i], peers_[rank], members_[rank].status);
  }
  if (ranks.size() <= kMostDescribed) return text;
  return fmt::format("{} and {}", text, describe_ranks({ranks.begin() + kMostDescribed, ranks.end()}));
}

}  // namespace hpcai::distributed
