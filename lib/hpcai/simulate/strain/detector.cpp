#include "hpcai/simulate/strain/detector.h"

#include <cmath>
#include <numbers>
#include <string>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/units.h"

namespace hpcai::simulate {

namespace {

using Vector = std::array<double, 3>;

constexpr double kDegree = std::numbers::pi / 180;

// Degrees, minutes and seconds of arc, in radians.
constexpr double arc(double degrees, double minutes, double seconds) {
  return (degrees + minutes / 60 + seconds / 3600) * kDegree;
}

// The direction of an arm in radians: azimuth from east to north, tilt above the horizontal plane.
struct Arm {
  double azimuth, tilt;
};

struct Site {
  std::string_view name;
  double latitude, longitude, elevation_m;
  Arm x, y;
};

constexpr std::array<Site, 3> kSites = {
    Site{"H1",
         arc(46, 27, 18.528),
         -arc(119, 24, 27.5657),
         142.554,
         {125.9994 * kDegree, -6.195e-4},
         {215.9994 * kDegree, 1.25e-5}},
    Site{"L1",
         arc(30, 33, 46.4196),
         -arc(90, 46, 27.2654),
         -6.574,
         {197.7165 * kDegree, -3.121e-4},
         {287.7165 * kDegree, -6.107e-4}},
    Site{"V1", arc(43, 37, 53.0921), arc(10, 30, 16.1878), 51.884, {70.5674 * kDegree, 0}, {160.5674 * kDegree, 0}}};

// The WGS 84 ellipsoid.
Vector position(const Site& site) {
  constexpr double kEquator = 6378137, kPole = 6356752.314;
  const double across = std::cos(site.latitude), up = std::sin(site.latitude);
  const double radius = kEquator * kEquator / std::hypot(kEquator * across, kPole * up);
  const double flat = (kPole / kEquator) * (kPole / kEquator);
  return {(radius + site.elevation_m) * across * std::cos(site.longitude),
          (radius + site.elevation_m) * across * std::sin(site.longitude), (flat * radius + site.elevation_m) * up};
}

Vector along(const Arm& arm, const Site& site) {
  const double east = std::cos(arm.tilt) * std::cos(arm.azimuth), north = std::cos(arm.tilt) * std::sin(arm.azimuth);
  const double up = std::sin(arm.tilt);
  const double outward = up * std::cos(site.latitude) - north * std::sin(site.latitude);  // from the axis
  return {outward * std::cos(site.longitude) - east * std::sin(site.longitude),
          outward * std::sin(site.longitude) + east * std::cos(site.longitude),
          north * std::cos(site.latitude) + up * std::sin(site.latitude)};
}

Detector make_detector(const Site& site) {
  Detector made{site.name, position(site), {}};
  const Vector x = along(site.x, site), y = along(site.y, site);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) made.response[i][j] = (x[i] * x[j] - y[i] * y[j]) / 2;
  }
  return made;
}

double between(const Vector& a, const Detector& detector, const Vector& b) {
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) sum += a[i] * detector.response[i][j] * b[j];
  }
  return sum;
}

}  // namespace

const Detector& detector(std::string_view name) {
  static const std::array<Detector, 3> kDetectors = {make_detector(kSites[0]), make_detector(kSites[1]),
                                                     make_detector(kSites[2])};
  for (const Detector& known : kDetectors) {
    if (known.name == name) return known;
  }
  throw Error(ExitCode::usage, fmt::format("strain: no detector is called '{}'", name), "use H1, L1 or V1");
}

Antenna antenna(const Detector& detector, const Direction& direction, double polarisation) {
  const double cos_phi = std::cos(direction.longitude), sin_phi = std::sin(direction.longitude);
  const double cos_theta = std::sin(direction.latitude), sin_theta = std::cos(direction.latitude);
  const double cos_psi = std::cos(polarisation), sin_psi = std::sin(polarisation);
  const Vector m = {sin_phi * cos_psi - cos_theta * cos_phi * sin_psi, -cos_phi * cos_psi - cos_theta * sin_phi * sin_psi,
                    sin_theta * sin_psi};
  const Vector n = {-sin_phi * sin_psi - cos_theta * cos_phi * cos_psi, cos_phi * sin_psi - cos_theta * sin_phi * cos_psi,
                    sin_theta * cos_psi};
  return {between(m, detector, m) - between(n, detector, n), 2 * between(m, detector, n)};
}

double delay_s(const Detector& detector, const Direction& direction) {
  const double across = std::cos(direction.latitude);
  const Vector& at = detector.vertex_m;
  const double towards = at[0] * across * std::cos(direction.longitude) + at[1] * across * std::sin(direction.longitude) +
                         at[2] * std::sin(direction.latitude);
  return -towards / kSpeedOfLight;
}

}  // namespace hpcai::simulate
