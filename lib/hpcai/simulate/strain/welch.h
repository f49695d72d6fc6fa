#pragma once

#include <span>
#include <vector>

#include "hpcai/simulate/strain/spectrum.h"

namespace hpcai::simulate {

// The one-sided power spectral density of a strain with `rate_hz` samples a second, by Welch's method: the median over segments
// of segment_s seconds that overlap by the fraction `overlap`, each times a periodic Hann window, divided by the bias of the
// median of so many segments (Allen et al., gr-qc/0509116, appendix B). The mean is not removed. It equals scipy.signal.welch
// with average='median', detrend=False. The step of the result is 1 / segment_s, up to half the rate.
//
// Throws Error{usage} unless the strain has a segment, the segment at least 2 samples, and 0 <= overlap < 1.
Spectrum median_welch(std::span<const double> strain, double rate_hz, double segment_s, double overlap = 0.5);

// The same with the segments of several stretches of strain, of which a stretch shorter than a segment has none.
Spectrum median_welch(const std::vector<std::span<const double>>& stretches, double rate_hz, double segment_s,
                      double overlap = 0.5);

}  // namespace hpcai::simulate
