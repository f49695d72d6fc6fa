#include "hpcai/data/progress.h"

#include <chrono>
#include <mutex>

#include "hpcai/core/log.h"
#include "hpcai/core/parallel.h"
#include "hpcai/core/work_done.h"

namespace hpcai::data {

Progress log_progress(const std::string& what) {
  using Clock = std::chrono::steady_clock;
  return [what, last = Clock::now(), spoke = false](int64_t done, int64_t total) mutable {
    const auto now = Clock::now();
    const bool end = done == total;
    if (now - last < std::chrono::seconds(3) && !(end && spoke)) return;
    last = now;
    spoke = true;
    log::info("{}: {} of {}", what, done, total);
  };
}

void for_each_with_progress(const Progress& progress, int64_t count, int threads, const std::function<void(int64_t)>& work) {
  std::mutex mutex;
  int64_t done = 0;
  parallel_for(count, threads, [&](int64_t i) {
    work(i);
    std::lock_guard lock(mutex);
    ++done;
    ++work_done;
    if (progress) progress(done, count);
  });
}

void for_each_with_progress(const std::string& what, int64_t count, int threads, const std::function<void(int64_t)>& work) {
  for_each_with_progress(log_progress(what), count, threads, work);
}

}  // namespace hpcai::data
