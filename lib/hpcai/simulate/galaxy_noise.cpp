#include "hpcai/simulate/galaxy_noise.h"

#include <algorithm>
#include <cmath>

namespace hpcai::simulate {

double sky_noise(const BandConditions& band, double pixel_area) {
  return std::sqrt(flux_of_magnitude(band.sky_brightness) * pixel_area / band.electrons);
}

void add_noise(const BandConditions& band, double pixel_area, FastNormal& normal, Plane& plane) {
  const float sky = static_cast<float>(flux_of_magnitude(band.sky_brightness) * pixel_area);
  const float inverse_electrons = static_cast<float>(1 / band.electrons);
  for (float& value : plane.values) value += normal() * std::sqrt((sky + std::max(value, 0.0F)) * inverse_electrons);
}

}  // namespace hpcai::simulate
