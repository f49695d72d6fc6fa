#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {

// The keys and values of a run. Rank 0's key server stores them, and serialises all calls.
class KeyTable {
 public:
  // Returns the answer to a request about keys (key_protocol.h). The caller has already read the first number of the message,
  // `request`, from `fields`. Throws std::runtime_error for any other request.
  std::string answer(int64_t request, Unpacker& fields);
  // The values in the order of the keys, packed as the answer to Request::wait. Nothing if a key is missing.
  std::optional<std::string> values(const std::vector<std::string>& keys) const;

 private:
  std::map<std::string, std::string> values_;
};

// Reads a count and that many texts. Throws std::runtime_error if the message is too short.
std::vector<std::string> unpack_keys(Unpacker& fields);

}  // namespace hpcai::distributed
