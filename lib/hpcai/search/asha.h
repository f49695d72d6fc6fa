#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/search/space.h"

// Which trials go on. The rule is asynchronous successive halving (Li et al. 2020, Algorithm 2) in its stopping form: after rung
// r a trial goes on if its value is among the best max(1, floor(n / reduction)) of the n values that this rung has so far.
//
// "So far" does not mean the time of day here. The n values are those of this trial and of the trials with a lower number. So a
// decision waits until the trials before it have reached this rung or have ended, and it is the one that a search makes which
// trains one trial after the other. Hence the result depends neither on the number of parallel trials, nor on their speed, nor on
// kills, and a search that is extended by further trials keeps its earlier decisions. Meanwhile a free place trains a later
// trial.
namespace hpcai::search {

// What a trial has brought at a rung.
struct RungResult {
  double value = 0;       // of the metric; without meaning for a failed trial
  bool finished = false;  // the training is complete
  bool failed = false;    // the training has failed: worse than any value
};

// The results of a trial at the rungs 0, 1, ... that it has reached.
using TrialResults = std::vector<RungResult>;

enum class Standing {
  to_train,  // its training shall go on to Decision::rung
  waiting,   // whether it goes on depends on trials with a lower number
  stopped,   // it ended early at Decision::rung
  finished,  // its training is complete
  failed,
};

struct Decision {
  Standing standing = Standing::to_train;
  int64_t rung = 0;

  bool is_final() const { return standing != Standing::to_train && standing != Standing::waiting; }
  bool operator==(const Decision&) const = default;
};

// Decides about all trials, in the order of their numbers. Without early stop a trial has one rung, the whole training.
std::vector<Decision> decide(const Space& space, const std::vector<TrialResults>& trials);

// The training at a rung, in epochs or steps: minimum * reduction^rung; nothing for the whole training.
std::optional<int64_t> budget_of(const Space& space, int64_t rung);

// The options of the training program that end it at this rung; empty for the whole training.
std::vector<std::string> pause_options(const Space& space, int64_t rung);

}  // namespace hpcai::search
