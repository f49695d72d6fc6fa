#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hpcai/data/strain/strain_config.h"
#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::data {

// Turns the whitened spectrum of a detector into a channel of a network's input: the windows of the whitened series one after the
// other, and then numbers that tell the noise spectrum. Simulated and measured strain pass through the same function.
//
// A whitened spectrum is d(f) / sqrt(S(f)), as in simulate/strain/projection.h. Its time origin is the time that is asked for.
// The whitened series of stationary Gaussian noise has variance 1 if the band is as wide as half the rate.
class StrainInput {
 public:
  // Throws Error{usage} if a window is empty, outside of the analysed time, or has a rate that is no whole number of samples, and
  // if a band of the noise spectrum has no frequency.
  explicit StrainInput(const StrainModelConfig& config);

  // The frequencies that the network sees.
  const simulate::FrequencyBand& band() const { return band_; }
  // The number of values of a channel.
  int64_t length() const { return length_; }

  // Writes a channel, out [length()]. `whitened` and `inverse_amplitude` (1 / sqrt(S), in sqrt(Hz)) are in band(), or go on
  // beyond its end.
  void write(const simulate::ConstComplexSpan& whitened, std::span<const double> inverse_amplitude, float* out) const;

 private:
  struct Window {
    int64_t samples;       // of the whole periodic series at this rate
    int64_t first, count;  // the window: first < 0 for times before the origin
  };
  void write_window(const Window& window, const simulate::ConstComplexSpan& whitened, float* out) const;

  simulate::FrequencyBand band_;
  std::vector<Window> windows_;
  std::vector<int64_t> edges_;  // of the bands of the noise spectrum, indices in band_
  int64_t length_ = 0;
};

}  // namespace hpcai::data
