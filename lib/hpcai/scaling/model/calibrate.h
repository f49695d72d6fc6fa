#pragma once

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/scaling/model/calibration.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

struct CalibrateOptions {
  double seconds = 60;             // in all, about
  std::vector<int64_t> batches{};  // samples of one pass to time; empty: chosen from the experiment
};

// Measures what predict() needs: the steps on all ranks of rank 0's host at once, of which rank 0's count, its loader while the
// others wait, then, with more than one rank, the link between the ranks of `group`. All ranks call it and get the same.
// Throws what trainer::build throws.
Calibration calibrate(const trainer::Experiment& experiment, distributed::Group& group, const distributed::World& world,
                      const CalibrateOptions& options = {});

// Of the settings of which the time of a pass depends: not how long, with which rates or in which batches is trained.
std::string workload_digest(trainer::Experiment experiment);

}  // namespace hpcai::scaling
