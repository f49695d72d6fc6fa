#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/runs/report/chart.h"
#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The lines of metrics.jsonl of one run.
struct RunLines {
  std::string run{};
  std::vector<nlohmann::json> lines{};
};

// The charts of the curves of one or several runs: loss, each metric of the evaluations, learning rate, samples per second, loss
// scale. Each is drawn over the step, the epoch, or the time in seconds. With several runs each run is a line. Curves of more
// points than the budget allows are thinned (thin.h), and the chart says so.
std::vector<Chart> curve_charts(const std::vector<RunLines>& runs, const Budget& budget);

// The charts of a section, side by side where the page is wide enough. Empty if all charts are empty.
std::string html_of(const std::vector<Chart>& charts);

}  // namespace hpcai::runs::report
