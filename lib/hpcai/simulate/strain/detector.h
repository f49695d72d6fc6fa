#pragma once

#include <array>
#include <string_view>

namespace hpcai::simulate {

// A gravitational-wave detector with two arms. Positions and directions are those of the Earth-fixed frame: origin at the Earth's
// centre, x towards longitude 0 on the equator, z towards the north pole.
struct Detector {
  std::string_view name;
  std::array<double, 3> vertex_m;                 // where the arms meet
  std::array<std::array<double, 3>, 3> response;  // (x x - y y) / 2 with the unit vectors x and y along the arms
};

// "H1" and "L1" (LIGO Hanford and Livingston) and "V1" (Virgo), from the sites' surveyed coordinates (LIGO-T980044, and
// Anderson et al., gr-qc/0008066, for Virgo). Throws Error{usage} for another name.
const Detector& detector(std::string_view name);

// The direction to a source in the Earth-fixed frame, in radians. The longitude is the right ascension minus the sidereal time
// (sidereal_time.h). The latitude is the declination.
struct Direction {
  double longitude = 0, latitude = 0;
};

// The response of a detector to the two polarisations: strain = plus h_plus + cross h_cross.
struct Antenna {
  double plus, cross;
};

// `polarisation`: the angle psi in radians, counted as LALSuite and bilby do (Anderson et al., PRD 63, 042003).
Antenna antenna(const Detector& detector, const Direction& direction, double polarisation);

// The time in seconds by which a wave from `direction` reaches the detector after the Earth's centre.
double delay_s(const Detector& detector, const Direction& direction);

}  // namespace hpcai::simulate
