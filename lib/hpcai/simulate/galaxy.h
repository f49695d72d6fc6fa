#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hpcai/simulate/galaxy_object.h"
#include "hpcai/simulate/galaxy_psf.h"
#include "hpcai/simulate/galaxy_survey.h"

// Colour images of simulated galaxies, elliptical or spiral, as SDSS or DES would deliver them.
namespace hpcai::simulate {

inline constexpr int kSmallestImage = 16;
inline constexpr int kLargestImage = 1024;

struct GalaxyImage {
  int size = 0;                 // pixels a side
  std::vector<uint8_t> pixels;  // [size, size, 3], rows from the top, red green blue
  int label = 0;                // kElliptical or kSpiral
  Galaxy truth;
};

// Image of object `index` of the sky `seed`: a pure function of its arguments. Both surveys see the same galaxies;
// their images differ in frame, pixels, seeing, noise, bands and colour mapping.
// Throws Error{usage} for a size outside kSmallestImage .. kLargestImage.
GalaxyImage render(Survey survey, int size_pixels, uint64_t seed, uint64_t index);

// What the telescope records, before the colours are made.
struct Exposure {
  double pixel_arcsec = 0;
  std::array<Plane, 3> planes;            // nanomaggies a pixel, sky subtracted; red, green, blue band
  std::array<double, 3> sky_noise{};      // standard deviation of an empty pixel
  std::array<double, 3> seeing_arcsec{};  // full width at half maximum
};

// The frame of `galaxy` in pixels of the survey, or in `largest_size` pixels a side where that is coarser.
Exposure expose(Survey survey, const Galaxy& galaxy, int largest_size);

}  // namespace hpcai::simulate
