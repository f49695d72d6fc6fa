#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

// States in memory that could not be written: the newest one, and the best one if that is another.
class Unsaved {
 public:
  using Clock = std::chrono::steady_clock;

  struct State {
    int64_t step = 0;
    bool best = false;
    TrainingState state;
  };

  // `longest_s`: for so many seconds after the first failure states may stay unsaved.
  explicit Unsaved(double longest_s) : longest_s_(longest_s) {}

  bool empty() const { return states_.empty(); }
  const std::vector<State>& states() const { return states_; }  // the oldest first

  // Removes the states that a newer one replaces: all of them, or all but the best one if the newer state is not the best.
  void supersede(bool newer_is_best);
  // Keeps a copy of the state, because training changes its tensors.
  void keep(const State& state);
  // Records that the oldest state has been written.
  void saved_first();
  // Records that writing works again and no state is left.
  void recovered();

  // Records a failure to write at `now`, by an attempt that took `attempt_s`. It doubles the pause before the next attempt.
  void failed(Clock::time_point now, double attempt_s);
  // Whether the pause before the next attempt is not over yet.
  bool rests(Clock::time_point now) const { return failures_ > 0 && now < next_try_ && waiting_s(now) <= longest_s_; }
  // Whether a state is unsaved for longer than longest_s. It is always false for longest_s = 0, with which no state is kept.
  bool overdue(Clock::time_point now = Clock::now()) const;
  bool patient() const { return longest_s_ > 0; }
  double longest_s() const { return longest_s_; }
  double waiting_s(Clock::time_point now = Clock::now()) const;  // time since the first failure
  double pause_s() const { return pause_s_; }                    // pause before the next attempt
  int64_t failures() const { return failures_; }                 // number of failures since the last success

 private:
  double longest_s_;
  std::vector<State> states_;
  int64_t failures_ = 0;
  double pause_s_ = 0;
  Clock::time_point since_{}, next_try_{};
};

}  // namespace hpcai::checkpoint
