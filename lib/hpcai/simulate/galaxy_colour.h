#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hpcai/simulate/galaxy_psf.h"

// From three bands in linear flux to 8-bit colours, as in arXiv:1812.02183 and its code (DL_DES).
namespace hpcai::simulate {

// Maps [mu - sigma, mu + 5 sigma] to [0, 1] and clips, with mean mu and standard deviation sigma over the whole image.
// The paper speaks of the darker half; its code sorts every row by itself and so takes all pixels. The real images
// show the latter: their sky is at 0.12 of the range, not at 0.4.
void clip_to_background(Plane& plane);

// Red, green, blue in [0, 1] to bytes, [size, size, 3].
std::vector<uint8_t> direct_colours(const std::array<Plane, 3>& planes);

// Asinh scaling that keeps colours (Lupton et al. 2004), minimum 0, as astropy's make_lupton_rgb does it.
std::vector<uint8_t> lupton_colours(const std::array<Plane, 3>& planes, double q, double stretch);

// Bilinear, pixel edges aligned; pixels outside repeat the border.
Plane resize(const Plane& plane, int size);

}  // namespace hpcai::simulate
