#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/band_image.h"
#include "hpcai/data/image.h"

// Images whose bands are FITS files of their own: the name "12-{band}.fits" with the bands i, r and g stands for 12-i.fits,
// 12-r.fits and 12-g.fits.
namespace hpcai::data {

inline constexpr std::string_view kBandPlace = "{band}";

inline bool has_band_place(std::string_view name) { return name.find(kBandPlace) != std::string_view::npos; }

// The file of a band: `name` with the band in each place for it.
std::filesystem::path band_file(const std::filesystem::path& name, const std::string& band);

// The size that all bands have. Throws what read_image_header() does, and ImageError for files that are no FITS files and for
// bands of unequal size.
ImageHeader read_band_headers(const std::filesystem::path& name, const std::vector<std::string>& bands);

// The bands in the order of the names. Throws what read_fits() does, ImageError for a file with several bands and for bands of
// unequal size, and Error{missing_input} for a file that cannot be read.
BandImage read_band_files(const std::filesystem::path& name, const std::vector<std::string>& bands);

}  // namespace hpcai::data
