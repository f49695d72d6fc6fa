#pragma once

#include <complex>

#include "hpcai/simulate/phenomd.h"

namespace hpcai::simulate {

// The spectrum of a waveform that is needed from the time `start` (in M) on. The inspiral of IMRPhenomD has no beginning. This
// class ends it smoothly some time before `start`, so that a short periodic transform can represent it. The part from `start` on
// changes by less than 5e-5 in r h22 / M (2e-5 on the published grid).
//
// Below the frequency at the time start - lead, the amplitude falls smoothly to zero. The phase there is continued by the cubic
// with the same value, time of arrival and two derivatives of the time. The phase of the model would spread these frequencies
// over a time several times longer than the waveform. Far above the ringdown the amplitude is tapered as well.
class WaveformSpectrum {
 public:
  WaveformSpectrum(const Binary& binary, double start);

  // The conjugate of h(f) of PhenomD, times exp(-2 pi i f time): r h22 / M at the time `time` + t is the integral over f of this
  // value times exp(-2 pi i f t).
  std::complex<double> operator()(double f, double time = 0) const;

  double lowest_frequency() const { return lowest_; }
  static constexpr double highest_frequency() { return 0.24; }
  // The waveform is zero before this time (in M), up to the error above. It depends on `start` only, because another length of
  // the transform would change the waveform by its error.
  double earliest() const { return earliest_; }

 private:
  PhenomD model_;
  double edge_, lowest_;  // upper and lower end of the lower taper, frequencies
  double earliest_;
  double phase_, time_, rate_, curvature_;  // at edge_: phase, time and its derivatives with respect to frequency
};

}  // namespace hpcai::simulate
