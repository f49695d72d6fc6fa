#pragma once

#include <cstdint>
#include <functional>

namespace hpcai {

// Calls work(i) for i in [0, count) on up to `threads` threads (0: one for each core that this process may use). The first
// exception stops the remaining calls and is rethrown here.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& work);

}  // namespace hpcai
