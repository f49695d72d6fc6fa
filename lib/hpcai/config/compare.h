#pragma once

#include <string>
#include <vector>

#include "hpcai/config/description.h"

namespace hpcai::config {

struct Difference {
  std::string key;     // "optimizer.lr"
  std::string before;  // as YAML; "not set" where the key does not exist
  std::string after;
};

// SHA-256, as 64 hex digits, over the keys and values that change the result, which are all but the local ones.
std::string digest_of(const Section& description, const Json& values);

// Returns the differences in these keys, in the order of the description.
std::vector<Difference> compare(const Section& description, const Json& before, const Json& after);

}  // namespace hpcai::config
