#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

// The states in memory that are not written yet: the newest one, and the best one if that is another. It also knows when to try
// again after a failure. Not for concurrent use.
class Unsaved {
 public:
  using Clock = std::chrono::steady_clock;

  struct State {
    int64_t step = 0;
    bool best = false;
    TrainingState state{};
  };
  using Kept = std::shared_ptr<State>;

  // `longest_s`: for so many seconds after the first failure states may stay unsaved.
  explicit Unsaved(double longest_s) : longest_s_(longest_s) {}

  bool empty() const { return states_.empty(); }
  const std::vector<Kept>& states() const { return states_; }  // the oldest first

  // Removes the states that a newer one replaces: all of them, or all but the best one if the newer state is not the best.
  // Returns a removed state that nobody else holds, for its memory; null if there is none.
  Kept supersede(bool newer_is_best);
  void keep(Kept state) { states_.push_back(std::move(state)); }
  // Records that a state has been written.
  void saved(const Kept& state);

  // Records a failure to write at `now`. It doubles the pause before the next attempt, which comes longest_s after the first
  // failure at the latest.
  void failed(Clock::time_point now);
  Clock::time_point next_try() const { return next_try_; }
  // Whether the pause before the next attempt is not over yet.
  bool rests(Clock::time_point now) const { return failures_ > 0 && now < next_try_; }
  // Whether attempts have failed for longer than longest_s.
  bool overdue(Clock::time_point now) const { return failures_ > 0 && waiting_s(now) > longest_s_; }
  bool patient() const { return longest_s_ > 0; }
  double longest_s() const { return longest_s_; }
  double waiting_s(Clock::time_point now = Clock::now()) const;  // time since the first failure
  double pause_s() const { return pause_s_; }                    // pause before the next attempt
  int64_t failures() const { return failures_; }                 // number of failures since the last success

 private:
  double longest_s_;
  std::vector<Kept> states_;
  int64_t failures_ = 0;
  double pause_s_ = 0;
  Clock::time_point since_{}, next_try_{};
};

}  // namespace hpcai::checkpoint
