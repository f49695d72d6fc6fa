#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace hpcai::team {

// Decides whether the caller of a run uses the help of workers. The gain is the time of the parts that workers have performed.
// The loss is the time that the caller has waited for a worker whose core another program had taken. If the loss is much larger,
// the caller works alone for a while: some milliseconds at first, longer if the next attempt fails too. All times are in
// nanoseconds.
class Worth {
 public:
  // May be called from any thread.
  bool wants_help(int64_t now) const { return now >= alone_until_.load(); }

  // Records the gain and loss of one run. Returns true if the caller works alone from now on. One thread at a time may call it.
  bool note(int64_t saved, int64_t lost, int64_t now) {
    balance_ = std::min(balance_ + saved - lost, kMostCredit);
    if (balance_ > 0) since_loss_ += saved;
    if (since_loss_ > kRecovered) pause_ = kLeastPause;
    if (balance_ > -kMostDebt) return false;
    alone_until_ = now + pause_;
    pause_ = std::min(2 * pause_, kMostPause);
    balance_ = since_loss_ = 0;
    return true;
  }

  static constexpr int64_t kMostDebt = 2'000'000, kMostCredit = 2'000'000;
  static constexpr int64_t kRecovered = 20'000'000;  // gain without a loss after which the other program seems to have ended
  static constexpr int64_t kLeastPause = 5'000'000, kMostPause = 200'000'000;

 private:
  std::atomic<int64_t> alone_until_{0};
  int64_t balance_ = 0, since_loss_ = 0, pause_ = kLeastPause;
};

}  // namespace hpcai::team
