#include "hpcai/checkpoint/unsaved.h"

#include <algorithm>

namespace hpcai::checkpoint {
namespace {

constexpr double kFirstPause_s = 1, kLongestPause_s = 60;

using Seconds = std::chrono::duration<double>;

}  // namespace

Unsaved::Kept Unsaved::supersede(bool newer_is_best) {
  Kept removed;
  std::erase_if(states_, [&](const Kept& state) {
    if (state->best && !newer_is_best) return false;
    if (state.use_count() == 1) removed = state;
    return true;
  });
  return removed;
}

void Unsaved::saved(const Kept& state) {
  std::erase(states_, state);
  failures_ = 0;
  pause_s_ = 0;
}

void Unsaved::failed(Clock::time_point now) {
  if (failures_++ == 0) since_ = now;
  pause_s_ = std::clamp(2 * pause_s_, kFirstPause_s, kLongestPause_s);
  const double left_s = std::max(0.0, longest_s_ - waiting_s(now));
  next_try_ = now + std::chrono::duration_cast<Clock::duration>(Seconds(std::min(pause_s_, left_s)));
}

double Unsaved::waiting_s(Clock::time_point now) const { return failures_ == 0 ? 0 : Seconds(now - since_).count(); }

}  // namespace hpcai::checkpoint
