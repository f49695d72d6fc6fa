#include "hpcai/simulate/galaxy_survey.h"

#include <stdexcept>

namespace hpcai::simulate {

// Seeing, sky and gains reproduce SDSS's typical noise of 0.018 (g), 0.025 (r), 0.12 (z) nanomaggies a pixel, and the depth of
// DES DR1, 10 sigma in an aperture of 1.95 arcsec at 24.3 (g), 24.1 (r), 23.4 (i).
const SurveyConditions& conditions(Survey survey) {
  static const SurveyConditions kSdss{
      "sdss", 0.396, {{{Band::z, 1.20, 19.2, 228}, {Band::r, 1.30, 20.9, 1000}, {Band::g, 1.42, 21.8, 925}}}};
  static const SurveyConditions kDes{
      "des", 0.263, {{{Band::i, 0.88, 19.7, 22200}, {Band::r, 0.95, 21.2, 18300}, {Band::g, 1.10, 22.0, 13800}}}};
  static const SurveyConditions kSkyServer{
      "skyserver", 0.396, {{{Band::i, 1.24, 20.3, 680}, {Band::r, 1.30, 20.9, 1000}, {Band::g, 1.42, 21.8, 925}}}};
  switch (survey) {
    case Survey::sdss: return kSdss;
    case Survey::des: return kDes;
    case Survey::skyserver: return kSkyServer;
  }
  throw std::logic_error("a survey without conditions");
}

double frame_side(Survey survey, const Galaxy& galaxy) {
  constexpr double kDesPixels = 24 * 3.5, kSdssRadii = 4, kSkyServerRadii = 2.8;
  if (survey == Survey::des) return kDesPixels * conditions(survey).pixel_arcsec;
  return (survey == Survey::sdss ? kSdssRadii : kSkyServerRadii) * galaxy.petrosian_radius;
}

}  // namespace hpcai::simulate
