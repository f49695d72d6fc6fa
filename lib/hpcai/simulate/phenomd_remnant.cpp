#include "hpcai/simulate/phenomd_remnant.h"

#include <array>
#include <cmath>

namespace hpcai::simulate {

namespace {

// Chebyshev series in y = -ln(1 - a), -0.4 <= a <= 0.95, of the frequencies of a Kerr hole of unit mass. Solved and
// fitted by scripts/fit_ringdown.py (Leaver's continued fractions); relative error below 1e-7.
constexpr double kLowestSpin = -0.4;
constexpr double kHighestSpin = 0.95;
constexpr std::array<double, 12> kRing = {8.6605029561e-02, 3.3465114983e-02, -7.8941329181e-04, -5.4233485968e-04,
                                          3.1549621820e-05, 1.1817918758e-05, -7.8120009205e-07, -5.4510629943e-07,
                                          4.5340044676e-08, 4.6347062670e-08, -1.2883060590e-08, 4.6080640424e-10};
constexpr std::array<double, 12> kDamping = {1.1953862044e-02, -2.9592437384e-03, -6.4770633950e-04, 9.5608483785e-05,
                                             1.8304129790e-05, -6.2970933951e-08, -2.2157123500e-06, 3.2188972576e-07,
                                             7.5887890780e-08, -8.8952432945e-09, -9.8967842734e-09, 2.0582979341e-09};

double chebyshev(const std::array<double, 12>& series, double x) {
  double next = 0, value = 0;
  for (size_t i = series.size() - 1; i > 0; --i) {
    const double previous = value;
    value = 2 * x * value - next + series[i];
    next = previous;
  }
  return x * value - next + series[0];
}

// S: total spin of the two holes in units of M^2.
double final_spin(double eta, double s) {
  const double orbital = 3.4641016151377544 + eta * (-4.399247300629289 + eta * (9.397292189321194 - eta * 13.180949901606242));
  const double linear = -0.0850917821418767 - 5.837029316602263 * eta;
  const double square = 0.1014665242971878 - 2.0967746996832157 * eta;
  const double cube = -1.3546806617824356 + 4.108962025369336 * eta;
  const double quartic = -0.8676969352555539 + 2.064046835273906 * eta;
  return s + eta * (orbital + s * (linear + s * (square + s * (cube + s * quartic))));
}

// s: total spin in units of m1^2 + m2^2.
double radiated_energy(double eta, double s) {
  const double without_spin =
      eta * (0.055974469826360077 + eta * (0.5809510763115132 + eta * (-0.9606726679372312 + eta * 3.352411249771192)));
  const double above = -0.0030302335878845507 + eta * (-2.0066110851351073 + eta * 7.7050567802399215);
  const double below = -0.6714403054720589 + eta * (-1.4756929437702908 + eta * 7.304676214885011);
  return without_spin * (1 + above * s) / (1 + below * s);
}

}  // namespace

Remnant remnant(const Binary& binary) {
  const double m1 = binary.mass_ratio / (1 + binary.mass_ratio), m2 = 1 - m1, eta = m1 * m2;
  const double s = m1 * m1 * binary.spin1 + m2 * m2 * binary.spin2;
  Remnant hole{};
  hole.spin = final_spin(eta, s);
  hole.radiated_energy = radiated_energy(eta, s / (m1 * m1 + m2 * m2));
  const double low = -std::log1p(-kLowestSpin), high = -std::log1p(-kHighestSpin);
  const double x = 2 * (-std::log1p(-hole.spin) - low) / (high - low) - 1;
  const double mass = 1 - hole.radiated_energy;
  hole.ring_frequency = chebyshev(kRing, x) / mass;
  hole.damping_frequency = chebyshev(kDamping, x) / mass;
  return hole;
}

}  // namespace hpcai::simulate
