#pragma once

#include <array>
#include <string_view>

#include "hpcai/simulate/galaxy_object.h"

namespace hpcai::simulate {

enum class Survey { sdss, des };

// How a survey sees one of the three bands that make up its colour images.
struct BandConditions {
  Band band;
  double seeing_arcsec;   // median full width at half maximum
  double sky_brightness;  // magnitudes per square arcsecond
  double electrons;       // collected for each nanomaggie of flux
};

struct SurveyConditions {
  std::string_view name;
  double pixel_arcsec;
  std::array<BandConditions, 3> bands;  // red, green and blue channel
};

// SDSS: drift-scan imaging, 54 s an exposure. DES: the first public coadd, tens of exposures of 90 s.
const SurveyConditions& conditions(Survey survey);

// Side of the square cut out around a galaxy, arcseconds. SDSS: 4 Petrosian radii. DES: 24 times the Kron radius in
// pixels, for which the catalogue holds its smallest value, 3.5, in practice always.
double frame_side(Survey survey, const Galaxy& galaxy);

}  // namespace hpcai::simulate
