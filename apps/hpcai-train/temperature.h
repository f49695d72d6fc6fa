#pragma once

#include "trained.h"

// The temperature of a run's class probabilities: calibration.json in the run folder,
//   {"temperature", "split", "samples", "step", "checkpoint", "checkpoint_sha256" (of its model.safetensors), "symmetric_views",
//    "log_loss_before", "log_loss_after", "ece_before", "ece_after"}.
namespace hpcai::app {

// The temperature in the run folder of `trained`. Throws Error{missing_input} if there is none, Error{bad_data} for a file that
// says none, and Error{usage} if it was fitted for other weights, with another evaluation.symmetric_views, or if the model
// predicts no class probabilities.
double temperature_of(const Trained& trained);

// Fits the temperature on the validation split of the run's data, writes it into the run folder, and prints it, as JSON if
// `json`. Returns the exit status. Throws what load_trained() throws; Error{missing_input} without a validation split;
// Error{bad_data} if its samples determine no temperature; Error{cannot_write}.
int fit_and_write_temperature(const TrainedOptions& options, bool json);

}  // namespace hpcai::app
