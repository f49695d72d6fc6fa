#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace hpcai::team {

// Weighs whether the help of workers pays: what they save, the time of the parts that they did, against what is lost, the
// time that the caller waited for a worker whose core another program had taken. When much more is lost than saved, the
// caller works alone for a while, at first some milliseconds, then longer if it is still so. All times in nanoseconds.
class Worth {
 public:
  // Any thread may ask.
  bool wants_help(int64_t now) const { return now >= alone_until_.load(); }

  // One thread at a time. True when a time alone begins.
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
  static constexpr int64_t kRecovered = 20'000'000;  // saved in a row: the other program seems to be gone
  static constexpr int64_t kLeastPause = 5'000'000, kMostPause = 200'000'000;

 private:
  std::atomic<int64_t> alone_until_{0};
  int64_t balance_ = 0, since_loss_ = 0, pause_ = kLeastPause;
};

}  // namespace hpcai::team
