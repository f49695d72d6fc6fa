#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "hpcai/trainer/step_outcome.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// Decides whether a training goes on after steps whose loss or gradients are not finite, and counts these steps. All ranks decide
// alike, because they know the same.
class SkippedSteps {
 public:
  explicit SkippedSteps(const TrainingConfig& training)
      : on_divergence_(training.on_divergence),
        most_in_a_row_(training.max_skipped_steps),
        needed_(training.on_divergence == OnDivergence::roll_back ? 2 * training.roll_back_steps : 1) {}

  // Notes that step `number` (from 1) has updated nothing, and logs it. Throws SharedError{diverged} if the training shall end
  // instead: with OnDivergence::stop, or after max_skipped_steps in a row.
  void add(int64_t number, const Divergence& divergence);
  // Notes that a step was finite. It ends the row of steps that were not. With OnDivergence::roll_back only so many finite steps
  // end it that the training has come further than the state to which it went back.
  void note_finite() {
    if (++finite_ >= needed_) in_a_row_ = 0;
  }
  int64_t total() const { return total_; }  // since the training began

  nlohmann::json state() const;
  // Restores state(). Throws std::out_of_range for anything else.
  void load(const nlohmann::json& state);

 private:
  OnDivergence on_divergence_;
  int64_t most_in_a_row_;
  int64_t needed_;      // finite steps that end a row
  int64_t finite_ = 0;  // steps since the last one that was not finite
  int64_t in_a_row_ = 0;
  int64_t total_ = 0;
};

}  // namespace hpcai::trainer
