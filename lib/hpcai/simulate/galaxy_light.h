#pragma once

#include <array>

#include "hpcai/simulate/galaxy_object.h"

namespace hpcai::simulate {

using BandTriple = std::array<Band, 3>;
using Rgb = std::array<float, 3>;  // one value for each of three bands

// The surface brightness of a galaxy before the blur of the atmosphere, without its clumps and neighbours.
class GalaxyLight {
 public:
  // `bands`: the three bands that operator() returns.
  GalaxyLight(const Galaxy& galaxy, const BandTriple& bands);

  // The brightness in the three bands, in nanomaggies per square arcsecond, at (x, y) arcseconds from the galaxy's centre.
  Rgb operator()(float x, float y) const;

 private:
  struct Geometry {
    float u, v;  // along the major and minor axis
  };
  struct Sersic {
    Rgb peak;
    float b, half_inverse_n, inverse_re2, inverse_q2;
  };

  void add_spheroid(Geometry at, Rgb& light) const;
  void add_inclined_disk(Geometry at, Rgb& light) const;
  void add_edge_on_disk(Geometry at, Rgb& light) const;
  void add_bar(float u, float v, Rgb& light) const;
  void absorb(float depth, Rgb& light) const;

  Sersic spheroid_{};
  Arms arms_;
  Dust dust_;
  bool has_disk_ = false, has_bar_ = false, edge_on_ = false;
  float cos_angle_ = 1, sin_angle_ = 0;
  // disk
  Rgb disk_peak_{}, arm_strength_{}, opacity_{};
  float h_ = 1, inverse_q_ = 1, vertical_ = 1, arm_mean_ = 1, winding_rate_ = 0;
  // bar
  Rgb bar_peak_{};
  float bar_cos_ = 1, bar_sin_ = 0, bar_inverse_a_ = 1, bar_inverse_b_ = 1;
};

}  // namespace hpcai::simulate
