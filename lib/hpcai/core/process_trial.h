#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hpcai {

// What a trial may use.
struct TrialLimits {
  int64_t cpu_s = 5;
  int64_t memory_bytes = int64_t{1} << 30;  // beyond what this process has already
  int64_t wall_s = 100;
};

struct Trial {
  enum class End {
    done,         // the work came to its end
    failed,       // it threw an exception
    no_memory,    // it asked for more than it may have
    out_of_time,  // it computed for longer than it may
    crashed,
    untried,  // no process could be started, or it waited very long without computing
  };
  End end = End::untried;
  int signal = 0;      // that ended a crashed process, as far as it is known
  std::string reason;  // why it is untried
};

// Calls `work` in a copy of this process with limits on time and memory, for work that may crash, compute for ever or take all
// memory. It must not log, and must use no lock that another thread may hold now: `around_fork` calls its argument once, while
// it holds such locks. `work` returns false where memory was missing. What it changes is lost; only how it ended is told.
Trial try_in_child(const TrialLimits& limits, const std::function<void(const std::function<void()>&)>& around_fork,
                   const std::function<bool()>& work);

}  // namespace hpcai
