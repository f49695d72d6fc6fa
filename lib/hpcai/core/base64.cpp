#include "hpcai/core/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace hpcai {

std::string base64(std::string_view bytes) {
  constexpr size_t kPiece = 3 << 20;  // OpenSSL counts in int; pieces of a multiple of 3 bytes join without a gap
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += kPiece) {
    const std::string_view piece = bytes.substr(at, kPiece);
    std::string encoded(4 * ((piece.size() + 2) / 3) + 1, '\0');  // with a zero at the end
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
    text.append(encoded, 0, static_cast<size_t>(length));
  }
  return text;
}

}  // namespace hpcai
