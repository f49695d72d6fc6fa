#pragma once

#include <cstdint>

#include "hpcai/simulate/galaxy_object.h"

// The population that galaxies are drawn from. Magnitudes, radii, colours and the share of edge-on disks follow the
// Galaxy Zoo 1 objects of arXiv:1812.02183 (their SDSS DR7 photometry).
namespace hpcai::simulate {

// Object `index` of the random sky `seed`. Of the objects 2 k and 2 k + 1 one is elliptical and one spiral.
Galaxy draw_galaxy(uint64_t seed, uint64_t index);

}  // namespace hpcai::simulate
