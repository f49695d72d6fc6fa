#include "hpcai/distributed/meeting/greeting.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <stdexcept>

#include "hpcai/core/sha256.h"

namespace hpcai::distributed {

std::string random_number() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    throw std::runtime_error("the system gives no random numbers");
  }
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string proof(std::string_view secret, std::string_view who, std::string_view first, std::string_view second) {
  return hmac_sha256(secret, fmt::format("{}/{}/{}", who, first, second));
}

}  // namespace hpcai::distributed
