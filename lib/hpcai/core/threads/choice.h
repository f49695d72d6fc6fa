#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hpcai/core/threads/cores.h"

namespace hpcai {

// The number of threads with which one rank computes, and the reason for the user.
struct ThreadChoice {
  int threads = 1;
  std::string why;
};

// The facts on which the choice depends.
struct ThreadRequest {
  int64_t setting = 0;                            // training.threads; 0: automatic
  std::optional<int> from_openmp = std::nullopt;  // see openmp_threads()
  int ranks_on_mask = 1;                          // number of ranks that share the cores of the affinity mask
  int ranks_on_host = 1;                          // number of ranks that share the quota
};

// Returns the setting; else OMP_NUM_THREADS; else this rank's share of the cores that the process may use, at least 1.
ThreadChoice choose_threads(const ThreadRequest& request, const CoreLimits& limits);

// Returns the first number of OMP_NUM_THREADS, which may be a list such as "4,2", but at most team::kMostThreads. Nothing if the
// variable is not a number above 0.
std::optional<int> openmp_threads();

}  // namespace hpcai
