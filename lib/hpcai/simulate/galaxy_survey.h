#pragma once

#include <array>
#include <string_view>

#include "hpcai/simulate/galaxy_object.h"

namespace hpcai::simulate {

// skyserver: the exposures of SDSS as its image server and Galaxy Zoo show them.
enum class Survey { sdss, des, skyserver };

// The observing conditions of a survey in one of the three bands of its colour images.
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

// The conditions of a survey. SDSS and SkyServer: drift-scan imaging with exposures of 54 s. DES: the first public coadd of tens
// of exposures of 90 s.
const SurveyConditions& conditions(Survey survey);

// The side, in arcseconds, of the square image around a galaxy. SDSS: 4 Petrosian radii. DES: 24 times the Kron radius in pixels,
// for which the catalogue has nearly always its smallest value, 3.5. SkyServer: 2.8
// Petrosian radii, for which the profiles of simulated and of real images in the middle 208 of Galaxy Zoo's 423 pixels agree.
double frame_side(Survey survey, const Galaxy& galaxy);

}  // namespace hpcai::simulate
