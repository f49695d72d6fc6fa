#pragma once

#include <string_view>

namespace hpcai::data {

// Throws ImageError if the header at the start of `bytes` has a number that CFITSIO takes without a check. For some it reserves
// any amount of memory, by others it divides.
void check_fits_header(std::string_view bytes);

}  // namespace hpcai::data
