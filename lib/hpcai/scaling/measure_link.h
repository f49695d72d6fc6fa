#pragma once

#include <vector>

#include "hpcai/distributed/group.h"
#include "hpcai/scaling/calibration.h"

namespace hpcai::scaling {

// Times all-reduces of these sizes over the ranks of `group` for about `seconds`, the sizes in turn; on a CPU each with the
// division by the number of ranks that follows it in training. All ranks call it and get the same. Needs two ranks.
std::vector<LinkSample> measure_link(distributed::Group& group, const std::vector<double>& sizes, double seconds);

// The link that explains the samples best, and what it says of each (LinkSample::fitted_s).
Link fit_link(std::vector<LinkSample>& samples, const Machine& machine, const Layout& layout);

}  // namespace hpcai::scaling
