#pragma once

#include <vector>

#include "hpcai/scaling/model/calibration.h"
#include "hpcai/scaling/study/curve.h"

namespace hpcai::scaling {

// The settings of the runs that are predicted.
struct PredictionSettings {
  int64_t global_batch = 1;  // of the config
  int64_t samples = 0;       // training samples; 0: not known
  bool weak = false;
  int64_t accumulation = 1;      // of the config
  int64_t samples_per_pass = 0;  // Study::samples_per_pass; if positive, it replaces `accumulation`
  int largest_on_one_host = 1;   // worlds up to this size share one host
  int ranks_per_node = 1;        // in larger worlds
};

// Predicts the time to the target for the measured worlds, the powers of two up to 64, and 1,536, as far as the samples fill at
// least one step:
//   time(n) = time(n0) steps(n) step_s(n) / (steps(n0) step_s(n0)),    steps(n) = floor(samples / global batch(n))
// where n0 is curve.base()->world. The number of epochs is assumed to be that of n0. With strong scaling and more ranks than
// samples in the batch, the batch is increased to one sample for each rank. Links that were not measured come from the literature
// (hardware.h). Returns no points if no run reached the target.
std::vector<PredictedPoint> predict_curve(const Curve& curve, const Calibration& calibration, const PredictionSettings& settings);

}  // namespace hpcai::scaling
