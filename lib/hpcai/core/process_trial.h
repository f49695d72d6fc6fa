#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hpcai {

// The limits of a trial.
struct TrialLimits {
  int64_t cpu_s = 5;
  int64_t memory_bytes = int64_t{1} << 30;  // beyond the memory that this process uses already
  int64_t wall_s = 100;
};

struct Trial {
  enum class End {
    done,         // the work returned true
    failed,       // the work threw an exception
    no_memory,    // the work returned false, or needed more memory than the limit
    out_of_time,  // the work exceeded a time limit
    crashed,
    untried,  // no process could be started, or it waited very long without computing
  };
  End end = End::untried;
  int signal = 0;      // the signal that ended a crashed process; 0 if unknown
  std::string reason;  // why the work is untried; for SIGSYS: what the process was ended for
};

// Calls `work` in a child process, a copy of this one with limits on time and memory that may do nothing but read files
// (allow_only_reading()). It is for work that may crash, compute for ever, take all memory or be taken over by a hostile file.
// `work` must not log. It must not use a lock that another thread may hold at the time of the fork:
// `around_fork` calls its argument once while it holds such locks. `work` returns false if memory was missing. Its changes to
// memory are lost; only its end is returned.
Trial try_in_child(const TrialLimits& limits, const std::function<void(const std::function<void()>&)>& around_fork,
                   const std::function<bool()>& work);

}  // namespace hpcai
