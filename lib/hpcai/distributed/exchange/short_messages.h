#pragma once

#include <algorithm>
#include <cstddef>

namespace hpcai::distributed {

// What CPU ranks gather rather than sum up on its way, in each rank's message. A ring of sums takes twice as many hops, each of
// which costs more than some kilobytes do; the limit keeps what a rank receives below 4 MiB.
constexpr size_t most_short_bytes(int ranks) {
  return std::min<size_t>(256 << 10, (4 << 20) / static_cast<size_t>(ranks)) / 64 * 64;
}

}  // namespace hpcai::distributed
