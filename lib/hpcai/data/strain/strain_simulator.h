#pragma once

#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/data/strain/strain_input.h"
#include "hpcai/data/strain/strain_priors.h"
#include "hpcai/simulate/strain/baseline_frame.h"
#include "hpcai/simulate/strain/detector.h"
#include "hpcai/simulate/strain/likelihood.h"

namespace hpcai::data {

// The detectors of a config. Throws Error{usage} if there are none, one is unknown, or one is named twice.
std::vector<const simulate::Detector*> detectors_of(const StrainModelConfig& config);

// The directions of CompactBinary::zenith and azimuth: about the line between the first two detectors; for a single detector
// about that between it and another one.
simulate::BaselineFrame baseline_of(const StrainModelConfig& config);

// Simulates the whitened strain of binaries in coloured Gaussian noise. Many threads can call it at once.
class StrainSimulator {
 public:
  // Throws Error{usage} for a config that contradicts itself.
  explicit StrainSimulator(const StrainModelConfig& config);

  const StrainPriors& priors() const { return priors_; }
  const StrainInput& input() const { return input_; }
  int64_t channels() const { return static_cast<int64_t>(detectors_.size()); }

  // The whitened data of all detectors, in input().band(): the binary's signal and noise whose spectrum is drawn anew. `random`
  // is the source of the noise.
  std::vector<simulate::WhitenedData> simulate(const simulate::CompactBinary& binary, Random random) const;
  // The same as the input of a network, out [channels(), input().length()].
  void write(const simulate::CompactBinary& binary, Random random, float* out) const;

 private:
  // Calls use(detector's number, whitened data, 1 / sqrt(S)) for each detector.
  template <class Use>
  void for_each_detector(const simulate::CompactBinary& binary, Random random, Use&& use) const;

  StrainModelConfig config_;
  StrainPriors priors_;
  StrainInput input_;
  std::vector<const simulate::Detector*> detectors_;
  simulate::BaselineFrame frame_;
};

}  // namespace hpcai::data
