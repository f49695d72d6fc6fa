#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hpcai/simulate/galaxy_psf.h"

// Converts three bands of linear flux to 8-bit colours, as in arXiv:1812.02183 and its code (DL_DES). Planes are [size, size].
namespace hpcai::simulate {

// Maps [mu - sigma, mu + 5 sigma] to [0, 1] and clips, in place. mu and sigma are mean and standard deviation of the whole image.
// The paper takes them from the darker half of the pixels, but its code takes all pixels. The published images agree with the
// code: their sky is at 0.12 of the range, not at 0.4.
void clip_to_background(Plane& plane);

// Red, green and blue planes with values in [0, 1] -> bytes [size, size, 3].
std::vector<uint8_t> direct_colours(const std::array<Plane, 3>& planes);

// Red, green and blue planes -> bytes [size, size, 3] by the asinh scaling of Lupton et al. 2004, which keeps colours; minimum 0,
// as astropy's make_lupton_rgb.
std::vector<uint8_t> lupton_colours(const std::array<Plane, 3>& planes, double q, double stretch);

// i, r and g planes, in nanomaggies a pixel of 0.396 arcsec -> bytes [size, size, 3] in the style of SDSS's image server: the
// asinh scaling of Lupton et al. 2004 with a weight for each band. Weights, softening and sky level are those for which the
// colours and profiles of simulated galaxies agree with real images of Galaxy Zoo; no label was used.
std::vector<uint8_t> skyserver_colours(const std::array<Plane, 3>& planes);

// Resizes a plane to `size` pixels a side. Bilinear, with aligned pixel edges; pixels outside repeat the border.
Plane resize(const Plane& plane, int size);

}  // namespace hpcai::simulate
