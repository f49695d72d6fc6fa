#pragma once

#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/scaling/model/calibration.h"

namespace hpcai::scaling {

// One kind of exchange between the ranks, as LinkSample says.
struct Exchange {
  bool blocking = false;
  double bytes = 0;
};

// Times these exchanges over the ranks of `group` for about `seconds`, in turns; buckets on a CPU with the division by the number
// of ranks that follows in training. All ranks call it and get the same. Needs two ranks.
std::vector<LinkSample> measure_link(distributed::Group& group, const std::vector<Exchange>& exchanges, double seconds);

// The link that explains the samples best, and what it says of each (LinkSample::fitted_s). Both kinds must be among them.
Link fit_link(std::vector<LinkSample>& samples, const Machine& machine, const Layout& layout);

}  // namespace hpcai::scaling
