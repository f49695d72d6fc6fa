#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "commands.h"
#include "trained.h"

namespace hpcai::app {

// The options of `evaluate` that concern waveforms.
struct OverlapOptions {
  std::string noise_curve;  // empty: white noise
  bool noise_power = false;
  double total_mass = 0;
  double lowest_hz = 20;
  std::string report;                                     // folder; empty: none
  int64_t samples = std::numeric_limits<int64_t>::max();  // whose overlap is computed

  void add_to(CLI::App& app);
  // Throws Error{usage} for options that the model cannot serve or that would replace an input, and Error{cannot_write}, before
  // the work begins.
  void check(const Trained& trained) const;
};

// The overlaps of the samples of `result` with the waveforms regenerated from the predictions, as metrics::Overlaps::summary().
// Samples whose truth lies outside the range of the waveform model are left out; "overlap_left_out" is their number. Writes the
// report if one is asked for. Returns an empty object if options.samples is 0. Throws what data::read_spectrum() throws,
// Error{cannot_write}, and Error{bad_data} for a report on no sample.
nlohmann::json measure_overlaps(const Trained& trained, const tasks::EvaluationResult& result, const OverlapOptions& options,
                                const std::string& data_name);

}  // namespace hpcai::app
