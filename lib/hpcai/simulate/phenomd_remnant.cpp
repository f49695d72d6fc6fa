#include "hpcai/simulate/phenomd_remnant.h"

#include <array>
#include <cmath>

namespace hpcai::simulate {

namespace {

// Chebyshev series in y = -ln(1 - a), -0.75 <= a <= 0.98, of the frequencies of a Kerr hole of unit mass. Solved and
// fitted by scripts/fit_ringdown.py (Leaver's continued fractions); relative error below 1e-7.
constexpr double kLowestSpin = -0.75;
constexpr double kHighestSpin = 0.98;
constexpr std::array<double, 18> kRing = {
    9.2210820206e-02,  4.2339298571e-02,  -2.2726996996e-03, -1.0753737900e-03, 1.4592980745e-04,  3.2134923763e-05,
    -8.1410255638e-06, -1.5110217429e-06, 6.8055132521e-07,  1.6512717850e-07,  -1.5665723534e-07, 3.5588971088e-08,
    -1.3756717404e-09, 1.7333423680e-09,  -1.9636488272e-09, 4.1618804497e-10,  3.2941194359e-10,  -3.3077396026e-10};
constexpr std::array<double, 18> kDamping = {
    1.0975562420e-02,  -4.2382199931e-03, -8.7381246041e-04, 2.6706848634e-04,  3.0579697567e-05,  -9.2242961412e-06,
    -6.2577534395e-06, 2.6317867586e-06,  3.8305619875e-08,  -1.9570162950e-07, -6.1775665550e-09, 2.5428168314e-08,
    2.1561411096e-09,  -8.1386495289e-09, 4.0756069584e-09,  -1.4080230137e-09, 6.4986694158e-10,  -3.7156050828e-10};

double chebyshev(const std::array<double, 18>& series, double x) {
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
