#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/band_image.h"
#include "hpcai/data/image.h"

// Images in the Flexible Image Transport System (FITS 4.0, Pence et al. 2010), also compressed as a whole with gzip, or in tiles
// with Rice or gzip. Bands are planes: of a cube [band, y, x], or the 2-D images of several HDUs, in the order of the file. All
// functions may be called from several threads at once.
namespace hpcai::data {

// Whether bytes, of which those at the start suffice, begin as a FITS file does, or as one that gzip has compressed.
bool is_fits(std::string_view bytes);

// The size of the first image of the file, or of its start. Throws ImageError.
ImageHeader fits_header(std::string_view bytes);

// The bands that are named, one or three, or all bands of the file if none is named, which must then be one or three. A band is
// named by its EXTNAME, FILTER or BAND, of which the first word is enough, by a letter of BANDS or the text of BAND0, BAND1, ...
// (planes of a cube), or by its position from 1. Rows are turned round: FITS stores the lowest row first, which viewers show at
// the bottom. BSCALE and BZERO are applied; BLANK, NaN and infinite values become NaN.
//
// Throws ImageError for a file that is damaged or cut off, has no image, has images of more than three axes, or of unequal or
// absurd sizes; for names that are not there; for compression by other methods; and for a band without any value.
BandImage read_fits(std::string_view bytes, const std::vector<std::string>& bands);

}  // namespace hpcai::data
