#pragma once

#include <ATen/ATen.h>

#include "hpcai/checkpoint/checkpoints.h"
#include "scratch.h"

namespace hpcai::checkpoint {

// A small state whose every number depends on the step.
inline TrainingState state_of(int64_t step) {
  const double s = static_cast<double>(step);
  return {.model = {{"conv.weight", at::full({2, 3}, s)}, {"norm.batches", at::full({}, step, at::kLong)}},
          .optimizer = {{"conv.weight.exp_avg", at::full({2, 3}, s / 3)}, {"conv.weight.step", at::full({}, s)}},
          .state = {{"epoch", step / 10}, {"loss", 1.0 / (s + 3)}}};
}

inline void check_state(const TrainingState& state, int64_t step) {
  const TrainingState expected = state_of(step);
  REQUIRE(state.model.size() == 2);
  REQUIRE(state.optimizer.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(state.model[i].first == expected.model[i].first);
    CHECK(at::equal(state.model[i].second, expected.model[i].second));
    CHECK(state.optimizer[i].first == expected.optimizer[i].first);
    CHECK(at::equal(state.optimizer[i].second, expected.optimizer[i].second));
  }
  CHECK(state.state == expected.state);
}

// Saves a state and waits until it is on disk.
inline void save_now(Checkpoints& checkpoints, int64_t step, const TrainingState& state, bool best = false) {
  checkpoints.save(step, state, best);
  checkpoints.settle();
}

inline const char* const kFiles[] = {"manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"};

}  // namespace hpcai::checkpoint
