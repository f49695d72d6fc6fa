#pragma once

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include "hpcai/data/progress.h"
#include "hpcai/runs/progress.h"

namespace hpcai::app {

// The progress of a command's work, which may have several parts. The object must outlive what its functions return.
class WorkProgress {
 public:
  WorkProgress(std::string task, int rank) : progress_(rank) { state_.task = std::move(task); }

  // Of work in one part: a bar on a terminal, otherwise lines.
  data::Progress callback() {
    return [this](int64_t done, int64_t total) { show(done, total); };
  }
  // Of the next part of work with `total` steps in all: the same bar on a terminal; otherwise a line about `what` every few
  // seconds, and none if the part takes less.
  data::Progress of_part(const std::string& what, int64_t total) {
    if (isatty(STDERR_FILENO) == 0) return data::log_progress(what);
    return [this, total, before = state_.step](int64_t done, int64_t) { show(before + done, total); };
  }

 private:
  using Clock = std::chrono::steady_clock;

  void show(int64_t done, int64_t total) {
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
    state_.step = done;
    state_.total_steps = total;
    state_.samples_per_second = static_cast<double>(done) / elapsed_s;
    state_.left_s = static_cast<double>(total - done) / state_.samples_per_second;
    progress_.update(state_);
  }

  runs::ProgressState state_;
  runs::Progress progress_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace hpcai::app
