#pragma once

#include <cstdint>

namespace hpcai::data {

// Checks the tiles that hold a plane (from 0) of the compressed image at which `library_file`, a fitsfile*, stands. CFITSIO's
// decoders trust what they read: they go on behind the end of damaged Rice codes, ask for ever more memory for damaged gzip data,
// and copy as many values as a tile has, not as many as they have room for. Throws ImageError if they could not unpack a tile.
void check_fits_tiles(void* library_file, double file_bytes, int64_t plane);

}  // namespace hpcai::data
