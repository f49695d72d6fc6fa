#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "hpcai/simulate/galaxy.h"

// Measurements made on pixels alone, as a catalogue would, to be held against the true parameters.
namespace hpcai::simulate::test {

struct Moments {
  double flux = 0;
  double x = 0, y = 0;          // centroid from the middle of the plane, arcseconds
  double major = 0, minor = 0;  // variances along the axes, arcseconds^2
  double position_angle = 0;    // of the major axis, 0 .. pi
};

// Sums over the pixels within `radius` arcseconds of the middle.
inline Moments measure(const Plane& plane, double pixel, double radius) {
  double s = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (int row = 0; row < plane.size; ++row) {
    for (int column = 0; column < plane.size; ++column) {
      const double x = (column - 0.5 * (plane.size - 1)) * pixel;
      const double y = (row - 0.5 * (plane.size - 1)) * pixel;
      if (std::hypot(x, y) > radius) continue;
      const double f = plane.row(row)[column];
      s += f, sx += f * x, sy += f * y, sxx += f * x * x, syy += f * y * y, sxy += f * x * y;
    }
  }
  Moments m;
  m.flux = s, m.x = sx / s, m.y = sy / s;
  const double xx = sxx / s - m.x * m.x, yy = syy / s - m.y * m.y, xy = sxy / s - m.x * m.y;
  const double half_difference = std::hypot(0.5 * (xx - yy), xy);
  m.major = 0.5 * (xx + yy) + half_difference;
  m.minor = 0.5 * (xx + yy) - half_difference;
  const double angle = 0.5 * std::atan2(2 * xy, xx - yy);
  m.position_angle = angle < 0 ? angle + std::numbers::pi : angle;
  return m;
}

// Moffat (1969) with beta = 3, flux 1, averaged over the pixel at (x, y) by 15 x 15 samples.
inline double moffat_in_pixel(double fwhm, double x, double y) {
  const double alpha = fwhm / (2 * std::sqrt(std::cbrt(2.0) - 1));
  double total = 0;
  for (int i = 0; i < 225; ++i) {
    const double dx = x + (i % 15 + 0.5) / 15 - 0.5, dy = y + (i / 15 + 0.5) / 15 - 0.5;
    total += std::pow(1 + (dx * dx + dy * dy) / (alpha * alpha), -3) / 225;
  }
  return total * 2 / (std::numbers::pi * alpha * alpha);
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

inline double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

inline double deviation(const std::vector<double>& values) {
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// A galaxy so bright that noise does not matter, alone in its frame, all light in one face-on or inclined spheroid.
inline Galaxy bright_spheroid(double sersic_index, double effective_radius, double axis_ratio, double position_angle) {
  Galaxy galaxy;
  galaxy.petrosian_radius = 8;
  galaxy.position_angle = position_angle;
  galaxy.spheroid = {{1e5, 1e5, 1e5, 1e5}, effective_radius, sersic_index, axis_ratio};
  galaxy.noise_seed = {1, 2};
  return galaxy;
}

// The same for a disk without a bulge.
inline Galaxy bright_disk(double scale_length, double inclination) {
  Galaxy galaxy = bright_spheroid(1, 1, 1, 0.4);
  galaxy.label = kSpiral;
  galaxy.spheroid.flux = {};
  galaxy.disk = {
      {1e5, 1e5, 1e5, 1e5}, scale_length, inclination, 0.2, std::hypot(std::cos(inclination), 0.2 * std::sin(inclination))};
  return galaxy;
}

}  // namespace hpcai::simulate::test
