#pragma once

#include <string>
#include <string_view>

namespace hpcai {

// The Base64 text of bytes (RFC 4648, section 4), on one line.
std::string base64(std::string_view bytes);

}  // namespace hpcai
