#pragma once

#include "hpcai/simulate/fast_normal.h"
#include "hpcai/simulate/galaxy_psf.h"
#include "hpcai/simulate/galaxy_survey.h"

namespace hpcai::simulate {

// The standard deviation, in nanomaggies, of an empty pixel of `pixel_area` square arcseconds.
double sky_noise(const BandConditions& band, double pixel_area);

// Adds the photon noise of sky and source to `plane` (nanomaggies). Every pixel has hundreds of electrons from the sky, so the
// noise is drawn from a normal distribution.
void add_noise(const BandConditions& band, double pixel_area, FastNormal& normal, Plane& plane);

}  // namespace hpcai::simulate
