#pragma once

#include <span>

#include "hpcai/core/random.h"
#include "hpcai/simulate/strain/frequency_band.h"
#include "hpcai/simulate/strain/spectrum.h"

namespace hpcai::simulate {

// The range of a random number.
struct RandomRange {
  double min, max;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("min", min, {.help = "Smallest value.", .min = 0});
    visitor.field("max", max, {.help = "Largest value.", .min = 0});
  }
};

// Random noise spectra, for networks that shall work with the noise of any run. A spectrum is a random NoiseCurve times
// exp(2 s(f)) with a smooth random function s(f), plus narrow lines. The defaults cover the LIGO and Virgo detectors from 2015 to
// their design sensitivities with a factor of two to spare.
struct SpectrumFamilyConfig {
  RandomRange low_asd{3e-24, 6e-22}, low_exponent{4, 22};
  RandomRange mid_asd{1.2e-24, 3.5e-23}, mid_exponent{0.5, 4.5};
  RandomRange high_asd{1.2e-24, 2e-23}, corner_hz{100, 1500};
  double ripple = 0.15;
  RandomRange lines{2, 14}, line_hz{0.05, 1.5}, line_height{3, 1000};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low_asd", low_asd,
                  {.help = "Noise of the low frequencies at 20 Hz; uniform in its logarithm.", .unit = "1/sqrt(Hz)"});
    visitor.field("low_exponent", low_exponent, {.help = "Its power falls with this power of the frequency; uniform."});
    visitor.field("mid_asd", mid_asd,
                  {.help = "Noise of the middle frequencies at 60 Hz; uniform in its logarithm.", .unit = "1/sqrt(Hz)"});
    visitor.field("mid_exponent", mid_exponent, {.help = "Its power falls with this power of the frequency; uniform."});
    visitor.field("high_asd", high_asd, {.help = "Shot noise below its corner; uniform in its logarithm.", .unit = "1/sqrt(Hz)"});
    visitor.field("corner_hz", corner_hz,
                  {.help = "Where the shot noise begins to rise; uniform in its logarithm.", .unit = "Hz"});
    visitor.field(
        "ripple", ripple,
        {.help = "Standard deviation of a smooth random change of the logarithm of the amplitude.", .min = 0, .max = 1});
    visitor.field("lines", lines, {.help = "Number of narrow lines; uniform."});
    visitor.field("line_hz", line_hz, {.help = "Half width of a line; uniform in its logarithm.", .unit = "Hz"});
    visitor.field("line_height", line_height,
                  {.help = "Amplitude of a line over the noise around it; uniform in its logarithm."});
  }
};

// Throws Error{usage} for a range that is empty, or not positive where its logarithm is drawn.
void check(const SpectrumFamilyConfig& config);

// Draws a spectrum and writes 1 / sqrt(S) in the band, in sqrt(Hz). S: one-sided power spectral density. ln S is computed at 96
// frequencies, equidistant in ln f, and is linear in f between them. The lines are added to that. A call takes about 3 ns for
// each frequency. `config` must be valid.
void draw_whitening(const SpectrumFamilyConfig& config, Random& random, const FrequencyBand& band, std::span<double> inverse_asd);

// The same spectrum from 0 Hz up to highest_hz. Below 10 Hz it is constant.
Spectrum draw_spectrum(const SpectrumFamilyConfig& config, Random& random, double step_hz, double highest_hz);

}  // namespace hpcai::simulate
