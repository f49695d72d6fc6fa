#pragma once

#include <cstdint>
#include <string_view>

namespace hpcai::data {

// Whether `bytes` hold the Rice codes of so many pixels, as FITS 4.0 (section 10.4.1) lays them out: the first pixel in
// `pixel_bytes` (1, 2 or 4) bytes, then for each block of pixels the length of their remainders and the pixels' differences.
// Reads no byte outside `bytes`. False also where `pixels` or `block` is less than 1.
bool has_rice_codes(std::string_view bytes, int64_t pixels, int64_t block, int pixel_bytes);

}  // namespace hpcai::data
