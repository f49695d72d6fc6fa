#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"

namespace hpcai::data {

// The part of each image that is used, from a size in the catalogue.
struct CutoutConfig {
  std::string column;
  double factor = 4;
  double pixel_scale = 1;
  bool limit = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "column", column,
        {.help = "Column of the catalogue with the size of the object, such as petroRad_r or KRON_RADIUS; empty = data.crop "
                 "for all images."});
    visitor.field(
        "factor", factor,
        {.help = "Side of the central square in units of that size: 4 for twice the Petrosian radius to each side, 24 for "
                 "twelve Kron radii.",
         .min = 0,
         .min_excluded = true});
    visitor.field("pixel_scale", pixel_scale,
                  {.help = "Units of the column that a pixel covers: 0.396 for SDSS sizes in arcsec, 1 for sizes in pixels.",
                   .min = 0,
                   .min_excluded = true});
    visitor.field("limit", limit,
                  {.help = "Whether a cut-out larger than its image becomes the largest square, instead of an error."});
  }
};

// How the numbers of FITS images become bytes.
struct DarkerHalfConfig {
  static constexpr std::string_view kType = "darker_half";
  static constexpr std::string_view kHelp =
      "Each band by the mean and deviation of its darker half, the background (arXiv:1812.02183).";
  double below = 1;
  double above = 5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("below", below, {.help = "Black lies so many deviations below the background's mean.", .min = 0});
    visitor.field("above", above, {.help = "White lies so many deviations above it.", .min = 0, .min_excluded = true});
  }
};

struct AsinhConfig {
  static constexpr std::string_view kType = "asinh";
  static constexpr std::string_view kHelp = "Colours of Lupton et al. (2004), as make_lupton_rgb of astropy.";
  double q = 8;
  double stretch = 5;
  double minimum = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("q", q,
                  {.help = "Softening: the larger, the more bright parts are compressed.", .min = 0, .min_excluded = true});
    visitor.field("stretch", stretch,
                  {.help = "Brightness up to which the scale is about linear.", .min = 0, .min_excluded = true});
    visitor.field("minimum", minimum, {.help = "Brightness that becomes black."});
  }
};

struct LinearConfig {
  static constexpr std::string_view kType = "linear";
  static constexpr std::string_view kHelp = "The same range for all images and bands.";
  double minimum = 0;
  double maximum = 255;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("minimum", minimum, {.help = "Brightness that becomes black."});
    visitor.field("maximum", maximum, {.help = "Brightness that becomes white; above the minimum."});
  }
};

using StretchConfig = std::variant<DarkerHalfConfig, AsinhConfig, LinearConfig>;

// How files of images become pixels.
struct PreparationConfig {
  CutoutConfig cutout;
  std::vector<std::string> bands;
  StretchConfig stretch;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("cutout", cutout, {.help = "A square about the centre whose side the catalogue gives, also for JPEG and PNG."});
    visitor.field(
        "bands", bands,
        {.help = "FITS: the bands for red, green and blue, or one for grey, as their headers name them (EXTNAME, FILTER, BAND) "
                 "or by position from 1; empty = those of the file, which are 1 or 3. Names of files with {band} stand for a "
                 "file of each of them."});
    visitor.field("stretch", stretch, {.help = "FITS: how brightness becomes bytes."});
  }
};

}  // namespace hpcai::data
