#include "hpcai/simulate/galaxy_object.h"

#include <cmath>
#include <numbers>

namespace hpcai::simulate {

// Above this inclination a disk is edge-on: its arms would merge into a line.
bool Galaxy::edge_on() const { return disk.inclination > 79.0 * std::numbers::pi / 180; }

double sersic_b(double n) { return 2 * n - 1.0 / 3 + 4 / (405 * n) + 46 / (25515 * n * n); }

double sersic_flux(double n) { return 2 * std::numbers::pi * n * std::exp(std::lgamma(2 * n) - 2 * n * std::log(sersic_b(n))); }

double flux_of_magnitude(double magnitude) { return std::pow(10.0, 0.4 * (22.5 - magnitude)); }

double magnitude_of_flux(double flux) { return 22.5 - 2.5 * std::log10(flux); }

double face_on_petrosian_radius(const Spheroid& spheroid, const Disk& disk) {
  constexpr int kRed = static_cast<int>(Band::r);
  constexpr double kRatio = 0.2;
  const double n = spheroid.sersic_index;
  const double b = sersic_b(n);
  const double re = spheroid.effective_radius;
  const double spheroid_peak = spheroid.flux[kRed] / (sersic_flux(n) * re * re);
  const double h = disk.scale_length;
  const double disk_peak = disk.flux[kRed] / (2 * std::numbers::pi * h * h);

  const auto brightness = [&](double r) {
    return spheroid_peak * std::exp(-b * std::pow(r / re, 1 / n)) + disk_peak * std::exp(-r / h);
  };
  // Integrates outwards in logarithmic steps: the enclosed flux grows by the trapezium rule for 2 pi r^2 I(r) d ln r.
  const double step = 0.05;
  double radius = 1e-3 * re;
  double local = brightness(radius);
  double within = std::numbers::pi * radius * radius * local;
  double ratio = 1, previous = 1;
  while (ratio > kRatio) {
    const double before = radius * radius * local;
    radius *= std::exp(step);
    local = brightness(radius);
    within += std::numbers::pi * step * (before + radius * radius * local);
    previous = ratio;
    ratio = std::numbers::pi * radius * radius * local / within;
  }
  return radius * std::exp(-step * (kRatio - ratio) / (previous - ratio));
}

}  // namespace hpcai::simulate
