#include "hpcai/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "hpcai/core/threads/cores.h"
#include "hpcai/core/threads/start.h"

namespace hpcai {

void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& work) {
  if (threads <= 0) threads = available_cores();
  threads = static_cast<int>(std::min<int64_t>(threads, count));
  std::atomic<int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto fail = [&] {
    std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
    next.store(count);
  };
  const auto run = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;) {
      try {
        work(i);
      } catch (...) {
        fail();
      }
    }
  };
  std::vector<std::thread> pool;
  try {
    for (int t = 1; t < threads; ++t) pool.push_back(start_thread("that shares work", run));
  } catch (...) {
    fail();
  }
  run();
  for (auto& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace hpcai
