#pragma once

#include <cstdint>

#include "hpcai/simulate/galaxy_object.h"

// The distribution of simulated galaxies. Magnitudes, radii, colours and the share of edge-on disks follow the Galaxy Zoo 1
// objects of arXiv:1812.02183 (SDSS DR7 photometry).
namespace hpcai::simulate {

// Object `index` of the random sky `seed`; a pure function of both. One of the objects 2 k and 2 k + 1 is elliptical, the other
// spiral.
Galaxy draw_galaxy(uint64_t seed, uint64_t index);

}  // namespace hpcai::simulate
