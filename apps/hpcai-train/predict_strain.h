#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trained.h"

namespace hpcai::app {

// The options of `predict` for an event in the strain of detectors.
struct StrainOptions {
  std::vector<std::string> files;
  double gps_s = 0;
  std::vector<std::string> power_spectra, amplitude_spectra;  // "H1=FILE"
  int64_t draws = 50000;
  int64_t samples = 5000;
  double distance_power = 2;
  double search_s = 0.1;
  int64_t seed = 1;
  bool no_likelihood = false;
  bool json = false;
  std::string corner;
  std::string compare;  // a file with samples of another program

  void add_to(CLI::App& app);
};

// Prints the posterior of the event at the time --gps, and writes samples to `out` (.csv, .h5 or .hdf5) unless it is empty, and
// the corner plot. Throws Error for a network that was not trained on simulated strain, for what the strain files lack, and if no
// signal is found.
int predict_strain(const TrainedOptions& trained, const StrainOptions& options, const std::string& out);

}  // namespace hpcai::app
