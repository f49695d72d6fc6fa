#pragma once

#include <string>
#include <vector>

#include "hpcai/core/random.h"

namespace fuzz {

// Returns one of the seeds with 1 to 8 random changes: bits, bytes, numbers of 1 to 8 bytes at the ends of their ranges, ranges
// removed, repeated or taken from another seed, and words that occur in the formats.
std::string mutation(const std::vector<std::string>& seeds, hpcai::Random& random);

}  // namespace fuzz
