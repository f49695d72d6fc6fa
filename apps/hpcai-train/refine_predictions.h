#pragma once

#include <cstdint>

#include "hpcai/data/predictions.h"
#include "hpcai/metrics/predictions.h"
#include "trained.h"

namespace hpcai::app {

// Fits the waveform of every sample from the network's prediction on (simulate/refine.h), with at most `most_steps` steps an
// attempt, on all threads of the run. The columns of `table` become the refined q, s1, s2, chi_eff and the mismatch of the fit,
// followed by the network's network_q, network_s1, network_s2. The truth is not used.
void refine_predictions(const Trained& trained, const metrics::Predictions::Gathered& all, int64_t most_steps,
                        data::PredictionTable& table);

}  // namespace hpcai::app
