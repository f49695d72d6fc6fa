#pragma once

#include <complex>

#include "hpcai/simulate/phenomd.h"

namespace hpcai::simulate {

// The spectrum of a waveform that is to be cut at a time: IMRPhenomD, which reaches back for ever, is ended smoothly
// some time before `start`, so that a short periodic transform holds it and the part from `start` on stays as it was,
// to 5e-5 in r h22 / M (2e-5 on the published grid).
//
// Below the frequency reached at start - lead the amplitude falls smoothly to zero, and the phase goes on as the cubic
// that keeps value, time of arrival and its two derivatives: the power law itself would spread those frequencies over a
// time several times longer than the waveform. At the upper end, far above the ringdown, the amplitude is tapered as
// well.
class WaveformSpectrum {
 public:
  WaveformSpectrum(const Binary& binary, double start);

  // conj of h(f) of PhenomD, i.e. r h22 / M (which turns clockwise) is the sum of it times exp(-2 pi i f t).
  std::complex<double> operator()(double f) const;

  double lowest_frequency() const { return lowest_; }
  static constexpr double highest_frequency() { return 0.24; }
  // Nothing arrives before this time, but for a part below that error. A function of `start` alone: the length of
  // the transform would otherwise jump from binary to binary, and with it the waveform by its error.
  double earliest() const { return earliest_; }

 private:
  PhenomD model_;
  double edge_, lowest_;  // the taper's two ends
  double earliest_;
  double phase_, time_, rate_, curvature_;  // at edge_: phase, time and its derivatives with respect to frequency
};

}  // namespace hpcai::simulate
