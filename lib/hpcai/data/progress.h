#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hpcai::data {

// Called now and then with how many of how many are done; never by two threads at once.
using Progress = std::function<void(int64_t done, int64_t total)>;

// Logs a line about `what` every few seconds, and nothing for work that is done sooner.
Progress log_progress(const std::string& what);

// parallel_for over [0, count) with progress for every item, which also counts as work_done.
void for_each_with_progress(const Progress& progress, int64_t count, int threads, const std::function<void(int64_t)>& work);
void for_each_with_progress(const std::string& what, int64_t count, int threads, const std::function<void(int64_t)>& work);

}  // namespace hpcai::data
