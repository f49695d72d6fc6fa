#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hpcai/simulate/galaxy_object.h"
#include "hpcai/simulate/galaxy_psf.h"
#include "hpcai/simulate/galaxy_survey.h"

// Colour images of simulated elliptical and spiral galaxies, in the style of SDSS or DES.
namespace hpcai::simulate {

inline constexpr int kSmallestImage = 16;
inline constexpr int kLargestImage = 1024;

struct GalaxyImage {
  int size = 0;                 // pixels a side
  std::vector<uint8_t> pixels;  // [size, size, 3], rows from the top, red green blue
  int label = 0;                // kElliptical or kSpiral
  Galaxy truth;
};

// The image of object `index` of the random sky `seed`; a pure function of its arguments. Both surveys show the same galaxies.
// Their images differ in frame, pixels, seeing, noise, bands and colour mapping. Throws Error{usage} for a size outside
// kSmallestImage .. kLargestImage.
GalaxyImage render(Survey survey, int size_pixels, uint64_t seed, uint64_t index);

// The image in three bands that the telescope records.
struct Exposure {
  double pixel_arcsec = 0;
  std::array<Plane, 3> planes;            // nanomaggies a pixel, sky subtracted; red, green, blue band
  std::array<double, 3> sky_noise{};      // standard deviation of an empty pixel
  std::array<double, 3> seeing_arcsec{};  // full width at half maximum
};

// The exposure of `galaxy` in pixels of the survey, or in `largest_size` pixels a side if these are larger.
Exposure expose(Survey survey, const Galaxy& galaxy, int largest_size);

}  // namespace hpcai::simulate
