#pragma once

#include <cstdint>
#include <string>

namespace hpcai::distributed {

// Decides whether lost ranks are started again. Only a rank that was lost (status 69), hangs (80) or was killed by a signal
// (above 128) leads to a restart: other failures would happen again. Restarts end when they bring nothing: after kMostIdle of
// them without a newer checkpoint.
class RestartGuard {
 public:
  // `most`: number of restarts in all.
  explicit RestartGuard(int most) : most_(most) {}

  struct Decision {
    bool restart = false;
    std::string why_not = {};  // empty if no restart was to be expected
  };
  // `status`: exit status of the ranks. `saved_step`: step of the newest checkpoint; -1 if there is none.
  Decision decide(int status, int64_t saved_step);
  int restarts() const { return restarts_; }  // so far

  static constexpr int kMostIdle = 3;

 private:
  int most_;
  int restarts_ = 0;
  int idle_ = 0;  // restarts since the newest checkpoint was first seen
  int64_t saved_step_ = -1;
};

}  // namespace hpcai::distributed
