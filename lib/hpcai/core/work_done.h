#pragma once

#include <atomic>
#include <cstdint>

namespace hpcai {

// How many parts of long work outside the steps this process has completed, such as files that were looked into while data are
// opened, and files of a checkpoint. A watchdog takes a change for progress.
inline std::atomic<uint64_t> work_done{0};

}  // namespace hpcai
