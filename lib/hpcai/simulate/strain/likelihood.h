#pragma once

#include <string>
#include <vector>

#include "hpcai/simulate/strain/baseline_frame.h"
#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::simulate {

// The whitened data of one detector in a band: d(f) / sqrt(S(f)), where d(f) is the integral of d(t) exp(-2 pi i f t) dt over the
// data, with t = 0 at the reference time of CompactBinary::time_s, in 1/Hz; S: one-sided power spectral density in 1/Hz.
struct WhitenedData {
  std::string detector;
  ComplexSeries data;
  std::vector<double> inverse_asd;  // 1 / sqrt(S)
};

// The likelihood of a binary, given the data of several detectors with independent Gaussian noise. <a|b> = 4 step_hz sum over
// frequencies and detectors of conj(a) b / S, and the log likelihood ratio to noise alone is Re <d|h> - <h|h> / 2. It agrees with
// bilby's GravitationalWaveTransient for IMRPhenomD.
class Likelihood {
 public:
  // The first detector is the one of CompactBinary::time_s. Throws Error{usage} for no detectors or arrays of wrong size.
  Likelihood(const std::vector<WhitenedData>& detectors, const FrequencyBand& band, double reference_hz,
             const BaselineFrame& frame);

  struct Terms {
    double kappa2_re, kappa2_im;  // <d|h> at phase 0; at another phase it is multiplied by exp(2 i phase)
    double rho2;                  // <h|h>
  };
  // Ignores binary.phase. `binary` must be valid (binary.h). Many threads can call it at once.
  Terms terms(const CompactBinary& binary) const;

  // The log likelihood ratio, and its marginal over a uniform phase: ln I0(|<d|h>|) - <h|h> / 2.
  double log_ratio(const CompactBinary& binary) const;
  static double log_ratio(const Terms& terms, double phase);
  static double log_ratio_phase_marginalised(const Terms& terms);

  size_t detectors() const { return detectors_.size(); }

 private:
  struct OneDetector {
    const Detector* detector;
    ComplexSeries weighted;  // conj(d) / S
    std::vector<double> inverse_density;
  };

  std::vector<OneDetector> detectors_;
  FrequencyBand band_;
  double reference_hz_;
  BaselineFrame frame_;
};

// ln I0(x) for x >= 0, the logarithm of the modified Bessel function. Relative error below 1e-13.
double log_bessel_i0(double x);

}  // namespace hpcai::simulate
