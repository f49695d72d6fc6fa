#pragma once

#include <array>

#include "hpcai/simulate/strain/detector.h"

namespace hpcai::simulate {

// The direction to a source about the line between two detectors, in radians. The difference of the arrival times at the two
// fixes the zenith angle, so a posterior is simpler in these angles than on the sky.
struct BaselineDirection {
  double zenith = 0, azimuth = 0;
};

// Converts between these directions and those of the Earth-fixed frame, with the angles of bilby's reference frame "H1L1" (its
// function zenith_azimuth_to_theta_phi; Romero-Shaw et al., MNRAS 499, 3295).
class BaselineFrame {
 public:
  // The zenith points from `second` to `first`.
  BaselineFrame(const Detector& first, const Detector& second);

  Direction to_earth(const BaselineDirection& direction) const;    // longitude from 0 to 2 pi
  BaselineDirection from_earth(const Direction& direction) const;  // azimuth from 0 to 2 pi

 private:
  std::array<std::array<double, 3>, 3> rotation_;  // from the baseline's frame to the Earth's
};

}  // namespace hpcai::simulate
