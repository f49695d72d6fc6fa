#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "hpcai/data/progress.h"
#include "hpcai/runs/progress.h"

namespace hpcai::app {

// The progress bar of a command that makes files.
class WorkProgress {
 public:
  WorkProgress(std::string task, int rank) : task_(std::move(task)), progress_(rank) {}

  data::Progress callback() {
    return [this](int64_t done, int64_t total) {
      const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
      runs::ProgressState state;
      state.task = task_;
      state.step = done;
      state.total_steps = total;
      state.samples_per_second = static_cast<double>(done) / elapsed_s;
      state.left_s = static_cast<double>(total - done) / state.samples_per_second;
      progress_.update(state);
    };
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string task_;
  runs::Progress progress_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace hpcai::app
