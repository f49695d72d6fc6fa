#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {

// The keys and values through which ranks and backends find each other; rank 0's server keeps them.
class KeyTable {
 public:
  // The answer to a request about keys (key_protocol.h). The message's first number, `request`, has been taken off `fields`
  // already. Throws std::runtime_error for what is no such request.
  std::string answer(int64_t request, Unpacker& fields);
  // The values in the order of the keys, as the answer to Request::wait; nothing if one is missing.
  std::optional<std::string> values(const std::vector<std::string>& keys) const;

 private:
  std::map<std::string, std::string> values_;
};

// A count, then as many texts.
std::vector<std::string> unpack_keys(Unpacker& fields);

}  // namespace hpcai::distributed
