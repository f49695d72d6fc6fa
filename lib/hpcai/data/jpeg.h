#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hpcai/data/image.h"

namespace hpcai::data {

// See read_image_header and decode_image.
ImageHeader jpeg_header(std::string_view bytes);
Image decode_jpeg(std::string_view bytes, int64_t smallest_side, std::vector<uint8_t> memory = {});

}  // namespace hpcai::data
