#pragma once

#include <cstdint>
#include <string_view>

namespace hpcai::runs::report {

// The CRC-32C (Castagnoli) of bytes, as in RFC 3720, appendix B.4.
uint32_t crc32c(std::string_view bytes);

// The same as TFRecord files store it: rotated and with a constant added, because a checksum of data that hold checksums is weak.
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace hpcai::runs::report
