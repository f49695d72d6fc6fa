#pragma once

#include <cstdint>
#include <string>

namespace hpcai::distributed {

// Whether the exit status is that of a rank that has lost others (69), hangs (80) or was killed by a signal (above 128).
bool lost_a_rank(int status);

// Decides whether lost ranks are started again. Only a status for which lost_a_rank() holds leads to a restart: other failures
// would happen again. Restarts end when they bring nothing: after kMostIdle of them in which the training has come no further.
class RestartGuard {
 public:
  // `most`: number of restarts in all.
  explicit RestartGuard(int most) : most_(most) {}

  struct Decision {
    bool restart = false;
    std::string why_not = {};  // empty if no restart was to be expected
  };
  // `status`: exit status of the lost rank. `step`: the furthest one that is known, of the newest checkpoint or of a living rank;
  // -1 if there is none.
  Decision decide(int status, int64_t step);
  int restarts() const { return restarts_; }  // so far

  static constexpr int kMostIdle = 3;

 private:
  int most_;
  int restarts_ = 0;
  int idle_ = 0;  // restarts since the furthest step was first seen
  int64_t step_ = -1;
};

}  // namespace hpcai::distributed
