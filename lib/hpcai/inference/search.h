#pragma once

#include <vector>

#include "hpcai/data/strain/strain_config.h"
#include "hpcai/inference/observation.h"

namespace hpcai::inference {

// What a matched filter finds in an observation.
struct Trigger {
  double gps_s = 0;            // of the merger at the first detector
  double snr = 0;              // of all detectors together
  std::vector<double> snrs;    // of each detector
  double chirp_mass = 0;       // of the template, solar masses
  bool outside_prior = false;  // whether a template with a chirp mass outside of the prior fits clearly better
};

// Searches for a merger within `tolerance_s` of the observation's reference time: templates are drawn from the model's priors,
// and from a wider range of chirp masses. The statistic is the root of the sum over detectors of the squared signal-to-noise
// ratios, maximised over phase and, within the light's travel time, over the times at the other detectors. The result does not
// depend on the number of threads.
Trigger search(const data::StrainModelConfig& model, const Observation& observation, double tolerance_s, int threads);

}  // namespace hpcai::inference
