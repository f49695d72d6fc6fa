#pragma once

#include <vector>

#include "hpcai/scaling/model/calibration.h"
#include "hpcai/scaling/study/curve.h"

namespace hpcai::scaling {

// How the predicted worlds are made up.
struct PredictionSettings {
  int64_t global_batch = 1;  // of the config
  int64_t samples = 0;       // for training; 0: not known
  bool weak = false;
  int64_t accumulation = 1;      // of the config
  int64_t samples_per_pass = 0;  // of the study, instead of that
  int largest_on_one_host = 1;   // worlds up to here share one host, as measured
  int ranks_per_node = 1;        // larger ones
};

// Carries the curve of an experiment on to other worlds: those that were measured, powers of two up to 64, and 1,536, as far as
// the samples fill a step.
//   time(n) = time(n0) steps(n) step_s(n) / (steps(n0) step_s(n0)),    steps = floor(samples / global batch),    n0 the smallest
//   measured world
// with the epochs that n0 needed. A strong-scaling batch of B samples cannot feed more than B ranks: beyond, it grows to a sample
// for each rank, whose effect on the epochs is not predicted. Links that were not measured are those of the literature
// (hardware.h). Empty if no run reached the target.
std::vector<PredictedPoint> predict_curve(const Curve& curve, const Calibration& calibration, const PredictionSettings& settings);

}  // namespace hpcai::scaling
