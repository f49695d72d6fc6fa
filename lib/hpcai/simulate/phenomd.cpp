#include "hpcai/simulate/phenomd.h"

#include <cmath>
#include <numbers>

namespace hpcai::simulate {

namespace {

using std::numbers::pi;

constexpr double kInspiralAmplitudeEnd = 0.014;  // M f, Khan et al.
constexpr double kInspiralPhaseEnd = 0.018;

double speed(double f) { return std::cbrt(pi * f); }

template <size_t N>
double polynomial(const std::array<double, N>& c, double x) {
  double value = 0;
  for (size_t i = N; i-- > 0;) value = value * x + c[i];
  return value;
}

template <size_t N>
double polynomial_slope(const std::array<double, N>& c, double x) {
  double value = 0;
  for (size_t i = N; i-- > 1;) value = value * x + static_cast<double>(i) * c[i];
  return value;
}

// Symmetric and antisymmetric spin, and delta = (m1 - m2) / M.
struct Spins {
  double delta, symmetric, antisymmetric;
  explicit Spins(const Binary& b)
      : delta((b.mass_ratio - 1) / (b.mass_ratio + 1)),
        symmetric((b.spin1 + b.spin2) / 2),
        antisymmetric((b.spin1 - b.spin2) / 2) {}
};

// Equation 20: the frequency of the maximum of the Lorentzian times the exponential.
double find_peak(const Remnant& hole, const PhenomDCoefficients& fit) {
  const double width = hole.damping_frequency * fit.gamma3;
  const double root = fit.gamma2 < 1 ? std::sqrt(1 - fit.gamma2 * fit.gamma2) : 0;
  return std::abs(hole.ring_frequency + width * (root - 1) / fit.gamma2);
}

}  // namespace

PhenomD::PhenomD(const Binary& binary) : remnant_(simulate::remnant(binary)) {
  const double q = binary.mass_ratio;
  const Spins s(binary);
  eta_ = q / ((1 + q) * (1 + q));
  fit_ = phenomd_coefficients(eta_, s.delta * s.antisymmetric + s.symmetric * (1 - 76 * eta_ / 113));
  peak_frequency_ = find_peak(remnant_, fit_);
  leading_amplitude_ = std::sqrt(2 * eta_ / 3);
  ringdown_phase_start_ = remnant_.ring_frequency / 2;
  set_inspiral_amplitude(binary);
  join_amplitudes();
  set_inspiral_phase(binary);
  join_phases();
  slope_at_peak_ = phase_slope(peak_frequency_);
}

// PN terms: appendix B; rho: equation 30, whose powers of f become powers of v = (pi f)^(1/3).
void PhenomD::set_inspiral_amplitude(const Binary& binary) {
  const auto [d, xs, xa] = Spins(binary);
  const double n = eta_, n2 = n * n, n3 = n2 * n;
  amplitude_in_v_ = {
      1,
      0,
      -323.0 / 224 + 451 * n / 168,
      27 * d * xa / 8 + (27.0 / 8 - 11 * n / 6) * xs,
      -27312085.0 / 8128512 - 1975055 * n / 338688 + 105271 * n2 / 24192 + (-81.0 / 32 + 8 * n) * xa * xa -
          81 * d * xa * xs / 16 + (-81.0 / 32 + 17 * n / 8) * xs * xs,
      -85 * pi / 64 + 85 * pi * n / 16 + d * (285197.0 / 16128 - 1579 * n / 4032) * xa +
          (285197.0 / 16128 - 15317 * n / 672 - 2227 * n2 / 1008) * xs,
      -177520268561.0 / 8583708672 + (545384828789.0 / 5007163392 - 205 * pi * pi / 48) * n - 3248849057.0 * n2 / 178827264 +
          34473079 * n3 / 6386688 + (1614569.0 / 64512 - 1873643 * n / 16128 + 2167 * n2 / 42) * xa * xa +
          (31 * pi / 12 - 7 * pi * n / 3) * xs + (1614569.0 / 64512 - 61391 * n / 1344 + 57451 * n2 / 4032) * xs * xs +
          d * xa * (31 * pi / 12 + (1614569.0 / 32256 - 165961 * n / 2688) * xs),
      fit_.rho1 * std::pow(pi, -7.0 / 3),
      fit_.rho2 * std::pow(pi, -8.0 / 3),
      fit_.rho3 * std::pow(pi, -3.0)};
}

// PN terms of TaylorF2: appendix B; sigma: equation 28.
void PhenomD::set_inspiral_phase(const Binary& binary) {
  const auto [d, xs, xa] = Spins(binary);
  const double n = eta_, n2 = n * n, n3 = n2 * n;
  const double order5 = 38645 * pi / 756 - 65 * pi * n / 9 + d * (-732985.0 / 2268 - 140 * n / 9) * xa +
                        (-732985.0 / 2268 + 24260 * n / 81 + 340 * n2 / 9) * xs;
  const double log6 = -6848.0 / 21;  // -6848/63 ln(64 v^3) = -6848/21 (ln 4 + ln v)
  phase_in_v_ = {1,
                 0,
                 3715.0 / 756 + 55 * n / 9,
                 -16 * pi + 113 * d * xa / 3 + (113.0 / 3 - 76 * n / 3) * xs,
                 15293365.0 / 508032 + 27145 * n / 504 + 3085 * n2 / 72 + (-405.0 / 8 + 200 * n) * xa * xa -
                     405 * d * xa * xs / 4 + (-405.0 / 8 + 5 * n / 2) * xs * xs,
                 order5,
                 11583231236531.0 / 4694215680 - 6848 * std::numbers::egamma / 21 - 640 * pi * pi / 3 +
                     (-15737765635.0 / 3048192 + 2255 * pi * pi / 12) * n + 76055 * n2 / 1728 - 127825 * n3 / 1296 +
                     log6 * std::log(4.0) + 2270 * pi * d * xa / 3 + (2270 * pi / 3 - 520 * pi * n) * xs,
                 77096675 * pi / 254016 + 378515 * pi * n / 1512 - 74045 * pi * n2 / 756 +
                     d * (-25150083775.0 / 3048192 + 26804935 * n / 6048 - 1985 * n2 / 48) * xa +
                     (-25150083775.0 / 3048192 + 10566655595.0 * n / 762048 - 1042165 * n2 / 3024 + 5345 * n3 / 36) * xs};
  const double scale = 3 / (128 * n);
  for (double& term : phase_in_v_) term *= scale;
  phase_log_ = {3 * order5 * scale, log6 * scale};  // order5 (1 + ln(pi f)), ln(pi f) = 3 ln v
  phase_in_v_[5] -= pi / 4;
  phase_in_v_[8] += fit_.sigma1 / (pi * n);
  phase_in_v_[9] += 3 * fit_.sigma2 / (4 * n) * std::pow(pi, -4.0 / 3);
  phase_in_v_[10] += 3 * fit_.sigma3 / (5 * n) * std::pow(pi, -5.0 / 3);
  phase_in_v_[11] += fit_.sigma4 / (2 * n * pi * pi);
}

// The intermediate amplitude is the quartic with the value v2 in the middle and with given values and slopes at both ends (table
// II). It is stored as Newton's divided differences on the nodes f1, f1, f2, f3, f3.
void PhenomD::join_amplitudes() {
  const double f1 = kInspiralAmplitudeEnd, f3 = peak_frequency_, f2 = (f1 + f3) / 2;
  const double y1 = inspiral_amplitude(speed(f1)), y3 = ringdown_amplitude(f3);
  const double first = (fit_.v2 - y1) / (f2 - f1), second = (y3 - fit_.v2) / (f3 - f2);
  const double slope1 = inspiral_amplitude_slope(f1), slope3 = ringdown_amplitude_slope(f3);
  const double c112 = (first - slope1) / (f2 - f1), c123 = (second - first) / (f3 - f1);
  const double c233 = (slope3 - second) / (f3 - f2);
  const double c1123 = (c123 - c112) / (f3 - f1), c1233 = (c233 - c123) / (f3 - f1);
  intermediate_node_ = {f1, f1, f2, f3, f3};
  intermediate_newton_ = {y1, slope1, c112, c1123, (c1233 - c1123) / (f3 - f1)};
}

// Value and slope are continuous.
void PhenomD::join_phases() {
  const double f1 = kInspiralPhaseEnd, f2 = ringdown_phase_start_;
  intermediate_line_.slope = inspiral_phase_slope(f1) - intermediate_phase_slope(f1);
  intermediate_line_.value = inspiral_phase(speed(f1)) - intermediate_phase(f1);
  ringdown_line_.slope = intermediate_phase_slope(f2) - ringdown_phase_slope(f2);
  ringdown_line_.value = intermediate_phase(f2) - ringdown_phase(f2);
}

double PhenomD::amplitude(double f) const { return amplitude(f, speed(f)); }

double PhenomD::phase(double f) const { return phase(f, speed(f)); }

PhenomD::Value PhenomD::value(double f) const {
  const double v = speed(f);
  return {amplitude(f, v), phase(f, v)};
}

double PhenomD::amplitude(double f, double v) const {
  double relative = 0;
  if (f < kInspiralAmplitudeEnd) {
    relative = inspiral_amplitude(v);
  } else if (f < peak_frequency_) {
    relative = intermediate_amplitude(f);
  } else {
    relative = ringdown_amplitude(f);
  }
  return leading_amplitude_ * relative / (f * std::sqrt(v));
}

double PhenomD::phase(double f, double v) const {
  const double origin = slope_at_peak_ * f;
  if (f < kInspiralPhaseEnd) return inspiral_phase(v) - origin;
  if (f < ringdown_phase_start_) return intermediate_phase(f) - origin;
  return ringdown_phase(f) - origin;
}

double PhenomD::time(double f) const { return (phase_slope(f) - slope_at_peak_) / (2 * pi); }

double PhenomD::phase_slope(double f) const {
  if (f < kInspiralPhaseEnd) return inspiral_phase_slope(f);
  if (f < ringdown_phase_start_) return intermediate_phase_slope(f);
  return ringdown_phase_slope(f);
}

PhenomD::Pieces PhenomD::pieces() const {
  const double width = remnant_.damping_frequency * fit_.gamma3;
  return {.leading_amplitude = leading_amplitude_,
          .inspiral_amplitude_end = kInspiralAmplitudeEnd,
          .peak_frequency = peak_frequency_,
          .amplitude_in_v = amplitude_in_v_,
          .intermediate_node = intermediate_node_,
          .intermediate_newton = intermediate_newton_,
          .ring_height = fit_.gamma1 * width,
          .ring_frequency = remnant_.ring_frequency,
          .ring_width = width,
          .ring_decay = fit_.gamma2 / width,
          .inspiral_phase_end = kInspiralPhaseEnd,
          .ringdown_phase_start = ringdown_phase_start_,
          .phase_in_v = phase_in_v_,
          .phase_log = phase_log_,
          .intermediate_value = intermediate_line_.value,
          .intermediate_slope = intermediate_line_.slope + fit_.beta1 / eta_,
          .intermediate_log = fit_.beta2 / eta_,
          .intermediate_cube = -fit_.beta3 / (3 * eta_),
          .ringdown_value = ringdown_line_.value,
          .ringdown_slope = ringdown_line_.slope + fit_.alpha1 / eta_,
          .ringdown_inverse = -fit_.alpha2 / eta_,
          .ringdown_root = 4 * fit_.alpha3 / (3 * eta_),
          .ringdown_arc = fit_.alpha4 / eta_,
          .arc_centre = fit_.alpha5 * remnant_.ring_frequency,
          .arc_width = remnant_.damping_frequency,
          .origin_slope = slope_at_peak_,
          .lal_slope = ringdown_line_.slope};
}

double PhenomD::inspiral_amplitude(double v) const { return polynomial(amplitude_in_v_, v); }

double PhenomD::inspiral_amplitude_slope(double f) const {
  const double v = speed(f);
  return polynomial_slope(amplitude_in_v_, v) * v / (3 * f);
}

double PhenomD::intermediate_amplitude(double f) const {
  double value = intermediate_newton_[4];
  for (size_t i = 4; i-- > 0;) value = value * (f - intermediate_node_[i]) + intermediate_newton_[i];
  return value;
}

// Equation 19.
double PhenomD::ringdown_amplitude(double f) const {
  const double width = remnant_.damping_frequency * fit_.gamma3, x = f - remnant_.ring_frequency;
  return fit_.gamma1 * width / (x * x + width * width) * std::exp(-fit_.gamma2 * x / width);
}

double PhenomD::ringdown_amplitude_slope(double f) const {
  const double width = remnant_.damping_frequency * fit_.gamma3, x = f - remnant_.ring_frequency;
  return -ringdown_amplitude(f) * (fit_.gamma2 / width + 2 * x / (x * x + width * width));
}

double PhenomD::inspiral_phase(double v) const {
  const double v2 = v * v;
  return polynomial(phase_in_v_, v) / (v2 * v2 * v) + (phase_log_[0] + phase_log_[1] * v) * std::log(v);
}

double PhenomD::inspiral_phase_slope(double f) const {
  const double v = speed(f), v2 = v * v, v5 = v2 * v2 * v;
  const double by_v = polynomial_slope(phase_in_v_, v) / v5 - 5 * polynomial(phase_in_v_, v) / (v5 * v) + phase_log_[0] / v +
                      phase_log_[1] * (1 + std::log(v));
  return by_v * v / (3 * f);
}

// Equation 16, with the line that joins it to the inspiral.
double PhenomD::intermediate_phase(double f) const {
  const double raw = fit_.beta1 * f + fit_.beta2 * std::log(f) - fit_.beta3 / (3 * f * f * f);
  return raw / eta_ + intermediate_line_(f);
}

double PhenomD::intermediate_phase_slope(double f) const {
  const double f2 = f * f;
  return (fit_.beta1 + fit_.beta2 / f + fit_.beta3 / (f2 * f2)) / eta_ + intermediate_line_.slope;
}

// Equation 14, with the line that joins it to the intermediate phase.
double PhenomD::ringdown_phase(double f) const {
  const double x = (f - fit_.alpha5 * remnant_.ring_frequency) / remnant_.damping_frequency;
  const double raw =
      fit_.alpha1 * f - fit_.alpha2 / f + 4 * fit_.alpha3 / 3 * std::sqrt(f * std::sqrt(f)) + fit_.alpha4 * std::atan(x);
  return raw / eta_ + ringdown_line_(f);
}

double PhenomD::ringdown_phase_slope(double f) const {
  const double x = (f - fit_.alpha5 * remnant_.ring_frequency) / remnant_.damping_frequency;
  const double raw = fit_.alpha1 + fit_.alpha2 / (f * f) + fit_.alpha3 / std::sqrt(std::sqrt(f)) +
                     fit_.alpha4 / (remnant_.damping_frequency * (1 + x * x));
  return raw / eta_ + ringdown_line_.slope;
}

}  // namespace hpcai::simulate
