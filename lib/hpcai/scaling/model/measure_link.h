#pragma once

#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/scaling/model/calibration.h"

namespace hpcai::scaling {

// A kind and size of exchange to be timed; see LinkSample.
struct Exchange {
  bool blocking = false;
  double bytes = 0;
  bool whole_numbers = false;  // a bucket of int32, which no link adds: it goes through Gloo, as large buckets do
};

// Times `exchanges` over the ranks of `group` for about `seconds`. The exchanges alternate, so that a disturbance affects all of
// them. The time of a bucket includes the division by the number of ranks where the group cannot average (Gloo), except for whole
// numbers. Returns one sample for each exchange, in their order. Every rank calls this function and receives the same samples.
// Needs at least two ranks.
std::vector<LinkSample> measure_link(distributed::Group& group, const std::vector<Exchange>& exchanges, double seconds);

// Fits a Link to `samples` with fit_from_smallest() and sets LinkSample::fitted_s of each. CPU ranks of which several share each
// of several hosts add their tensors within the hosts first: what that takes follows from machine.in_node, and the Link is that
// between the hosts. Otherwise only the algorithm of `machine` is used. `samples` must contain both kinds, blocking and not.
Link fit_link(std::vector<LinkSample>& samples, const Machine& machine, const Layout& layout);

}  // namespace hpcai::scaling
