#pragma once

#include <array>

#include "hpcai/simulate/phenomd_coefficients.h"
#include "hpcai/simulate/phenomd_remnant.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// IMRPhenomD: inspiral, merger and ringdown of the mode l = m = 2 in the frequency domain for binaries without precession.
// Amplitude and phase: Khan et al., arXiv:1508.07253, with the PN terms of its appendix B. Final state: Husa et al.,
// arXiv:1508.07250.
//
// Frequencies f are in cycles per M and times in M, where M is the total mass. The waveform is h(f) = amplitude(f) exp(-i
// phase(f)) for f > 0, with h(f) = integral of h(t) exp(-2 pi i f t) dt and h(t) = r conj(h22) / M, whose phase increases.
class PhenomD {
 public:
  // `binary` must be valid (waveform.h).
  explicit PhenomD(const Binary& binary);

  // |h22(f)|, in units of M (r h22 / M transformed over t / M). f > 0.
  double amplitude(double f) const;
  // The phase in radians. Its slope is zero at peak_frequency(), so that the merger is near t = 0. f > 0.
  double phase(double f) const;
  // Both, in less time.
  struct Value {
    double amplitude, phase;
  };
  Value value(double f) const;
  // The time at which the waveform has frequency f, in the stationary-phase approximation: phase'(f) / (2 pi).
  double time(double f) const;

  // The frequency at which the merger-ringdown amplitude is largest; equation 20 of Khan et al.
  double peak_frequency() const { return peak_frequency_; }
  const Remnant& remnant() const { return remnant_; }

  // The numbers in the formulas of the pieces, for code that evaluates them at many frequencies at once. v = (pi f)^(1/3).
  struct Pieces {
    // The amplitude is leading_amplitude / (f sqrt(v)) times one of:
    double leading_amplitude;
    double inspiral_amplitude_end, peak_frequency;  // where the pieces meet
    std::array<double, 10> amplitude_in_v;          // sum a_i v^i
    std::array<double, 5> intermediate_node, intermediate_newton;
    double ring_height, ring_frequency, ring_width, ring_decay;  // height / (x^2 + width^2) exp(-decay x), x = f - ring frequency
    // The phase is one of these, minus origin_slope f:
    double inspiral_phase_end, ringdown_phase_start;
    std::array<double, 12> phase_in_v;  // sum p_i v^(i - 5) + (log_0 + log_1 v) ln v
    std::array<double, 2> phase_log;
    double intermediate_value, intermediate_slope, intermediate_log,
        intermediate_cube;  // value + slope f + log ln f + cube / f^3
    // value + slope f + inverse / f + root f^(3/4) + arc atan((f - arc_centre) / arc_width)
    double ringdown_value, ringdown_slope, ringdown_inverse, ringdown_root, ringdown_arc, arc_centre, arc_width;
    double origin_slope;  // the slope at peak_frequency: its time is zero
    // LALSimulation leaves the slope with which the ringdown is joined out of origin_slope. Its waveform is therefore later than
    // this one by lal_slope / (2 pi), -55 M to 35 M.
    double lal_slope;
  };
  Pieces pieces() const;

 private:
  struct Line {  // added to a phase to join it to its neighbour with equal value and slope
    double value = 0, slope = 0;
    double operator()(double f) const { return value + slope * f; }
  };

  void set_inspiral_amplitude(const Binary& binary);
  void set_inspiral_phase(const Binary& binary);
  void join_amplitudes();
  void join_phases();

  double inspiral_amplitude(double v) const;
  double inspiral_amplitude_slope(double f) const;
  double intermediate_amplitude(double f) const;
  double ringdown_amplitude(double f) const;
  double ringdown_amplitude_slope(double f) const;

  double amplitude(double f, double v) const;  // v = (pi f)^(1/3)
  double phase(double f, double v) const;
  double inspiral_phase(double v) const;
  double inspiral_phase_slope(double f) const;
  double intermediate_phase(double f) const;
  double intermediate_phase_slope(double f) const;
  double ringdown_phase(double f) const;
  double ringdown_phase_slope(double f) const;
  double phase_slope(double f) const;

  double eta_;
  Remnant remnant_;
  PhenomDCoefficients fit_;
  double peak_frequency_;
  double leading_amplitude_;               // A0 = leading_amplitude_ / (f sqrt(v)) = sqrt(2 eta / 3) pi^(-1/6) f^(-7/6)
  std::array<double, 10> amplitude_in_v_;  // relative inspiral amplitude = sum a_i v^i, v = (pi f)^(1/3)
  std::array<double, 12> phase_in_v_;      // inspiral phase = sum p_i v^(i - 5) + (log_[0] + log_[1] v) ln v
  std::array<double, 2> phase_log_;
  std::array<double, 5> intermediate_node_, intermediate_newton_;
  double ringdown_phase_start_;  // frequency
  Line intermediate_line_, ringdown_line_;
  double slope_at_peak_ = 0;
};

}  // namespace hpcai::simulate
