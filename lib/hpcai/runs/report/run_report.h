#pragma once

#include <filesystem>

#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The report of one run. `quality`: further folders of `evaluate --report`.
Page run_page(const Run& run, const std::vector<std::filesystem::path>& quality, const Budget& budget);

// The colour of the badge of a state; see RunState.
Mood mood_of(const RunState& state);

}  // namespace hpcai::runs::report
