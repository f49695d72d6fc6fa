#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

// States that could not be written, in memory until they are: the newest, and the best if that is another one.
class Unsaved {
 public:
  using Clock = std::chrono::steady_clock;

  struct State {
    int64_t step = 0;
    bool best = false;
    TrainingState state;
  };

  explicit Unsaved(double longest_s) : longest_s_(longest_s) {}

  bool empty() const { return states_.empty(); }
  const std::vector<State>& states() const { return states_; }  // the oldest first

  // A newer state takes the place of older ones, but for the best one where the newer is not the best.
  void supersede(bool newer_is_best);
  // Takes a copy of the state, whose tensors will change while training goes on.
  void keep(const State& state);
  // The oldest has been written.
  void saved_first();
  // Writing works again, and nothing waits.
  void recovered();

  // A failure to write at `now`, by an attempt that took `attempt_s`: doubles the wait until the next attempt.
  void failed(Clock::time_point now, double attempt_s);
  // Whether the time since the last failure is still too short for another attempt.
  bool rests(Clock::time_point now) const { return failures_ > 0 && now < next_try_ && waiting_s(now) <= longest_s_; }
  // For longer than what is allowed. After a failure nothing is kept, and nothing is overdue, where that is 0.
  bool overdue(Clock::time_point now = Clock::now()) const;
  bool patient() const { return longest_s_ > 0; }
  double longest_s() const { return longest_s_; }
  double waiting_s(Clock::time_point now = Clock::now()) const;  // since the first failure
  double pause_s() const { return pause_s_; }                    // until the next attempt
  int64_t failures() const { return failures_; }                 // since something was last saved

 private:
  double longest_s_;
  std::vector<State> states_;
  int64_t failures_ = 0;
  double pause_s_ = 0;
  Clock::time_point since_{}, next_try_{};
};

}  // namespace hpcai::checkpoint
