#pragma once

#include <vector>

#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The comparison of several runs: results, settings that differ, curves over each other, step times, and where each comes from.
Page comparison_page(const std::vector<Run>& runs, const Budget& budget);

}  // namespace hpcai::runs::report
