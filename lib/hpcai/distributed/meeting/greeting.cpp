#include "hpcai/distributed/meeting/greeting.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <optional>
#include <stdexcept>

#include "hpcai/core/sha256.h"
#include "hpcai/distributed/meeting/wire.h"

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

std::string proof(std::string_view secret, std::string_view side, std::string_view first, std::string_view second) {
  return hmac_sha256(secret, fmt::format("{}/{}/{}", side, first, second));
}

Seal session_seal(std::string_view secret, Seal::End own, std::string_view first, std::string_view second) {
  return {proof(secret, "session", first, second), own};
}

Greeting greet(Connection& connection, std::string_view secret, SteadyClock::time_point deadline) {
  bool answered = false;
  try {
    const std::string mine = random_number();
    connection.send(Packer().text(kMagic).text(mine).bytes(), deadline);
    const auto answer = connection.receive(deadline);
    if (!answer) return Greeting::silent;
    answered = true;
    Unpacker fields(*answer);
    const std::string theirs = fields.text();
    if (!same_digest(fields.text(), proof(secret, "rank 0", mine, theirs))) return Greeting::foreign;
    connection.send(Packer().text(proof(secret, "rank", mine, theirs)).bytes(), deadline);
    connection.seal_with(session_seal(secret, Seal::End::rank, mine, theirs));
    const auto last = connection.receive(deadline);
    if (!last) return Greeting::silent;
    return *last == kWelcome ? Greeting::welcome : Greeting::stranger;
  } catch (const ConnectionLost&) {
    return answered || connection.has_bytes() ? Greeting::stranger : Greeting::closed;
  } catch (const std::runtime_error&) {  // the answer is not a message of this program
    return Greeting::stranger;
  }
}

}  // namespace hpcai::distributed
