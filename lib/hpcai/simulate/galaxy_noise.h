#pragma once

#include <cstdint>

#include "hpcai/core/random.h"
#include "hpcai/simulate/galaxy_psf.h"
#include "hpcai/simulate/galaxy_survey.h"

namespace hpcai::simulate {

// Standard normal numbers, several times faster than Random::normal. The inverse transform has 4096 equally likely values; a word
// of random bits gives two of them. The largest value is 3.7 sigma, which is not visible in 8-bit images.
class FastNormal {
 public:
  explicit FastNormal(Random random) : random_(random) {}
  float operator()();  // the next number

 private:
  Random random_;
  bool has_spare_ = false;
  uint32_t word_ = 0;
};

// The standard deviation, in nanomaggies, of an empty pixel of `pixel_area` square arcseconds.
double sky_noise(const BandConditions& band, double pixel_area);

// Adds the photon noise of sky and source to `plane` (nanomaggies). Every pixel has hundreds of electrons from the sky, so the
// noise is drawn from a normal distribution.
void add_noise(const BandConditions& band, double pixel_area, FastNormal& normal, Plane& plane);

}  // namespace hpcai::simulate
