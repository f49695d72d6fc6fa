#pragma once

#include <string>
#include <string_view>

namespace hpcai {

// Bytes as text in base 64 (RFC 4648, section 4), with padding.
std::string base64(std::string_view bytes);

}  // namespace hpcai
