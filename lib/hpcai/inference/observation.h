#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hpcai/data/strain/select_strain.h"
#include "hpcai/data/strain/spectrum_file.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/simulate/strain/frequency_band.h"
#include "hpcai/simulate/strain/likelihood.h"

namespace hpcai::inference {

// Measured strain around a time, whitened: what a network and a likelihood need of an event.
struct Observation {
  double gps_s = 0;                               // the reference time of simulate::CompactBinary::time_s
  simulate::FrequencyBand band;                   // from low_hz to likelihood_high_hz of the model
  std::vector<simulate::WhitenedData> detectors;  // in the order of the model's detectors
  std::vector<std::string> spectra;               // where each detector's noise spectrum comes from, for people
};

// The noise spectrum of one detector in a file; detectors without one have theirs estimated from the strain.
struct SpectrumFile {
  std::filesystem::path path;
  data::SpectrumKind kind = data::SpectrumKind::power;
};
using SpectrumFiles = std::map<std::string, SpectrumFile>;

// The strain files of the detectors of a model, and their noise spectra around a time.
class Recording {
 public:
  // Opens the files and estimates or reads the noise spectra: by default the median of the strain within 64 s of `gps_s` but
  // outside of the analysed time (simulate/strain/welch.h). Throws Error{usage} if the files are not those of the model's
  // detectors, one for each, and what the readers throw.
  Recording(const data::StrainModelConfig& model, const std::vector<std::filesystem::path>& files, const SpectrumFiles& spectra,
            double gps_s);

  // The data whose reference time is `gps_s`.
  Observation observe(double gps_s) const;

 private:
  struct Channel {
    data::StrainFile file;
    std::vector<double> inverse_asd;  // in the band
    std::string spectrum;
  };

  data::StrainModelConfig model_;
  simulate::FrequencyBand band_;
  std::vector<Channel> channels_;  // in the order of the model's detectors
};

}  // namespace hpcai::inference
