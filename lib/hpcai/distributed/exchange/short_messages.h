#pragma once

#include <algorithm>
#include <cstddef>

namespace hpcai::distributed {

// The longest message, in bytes, that CPU ranks gather: each rank sends its values to all others, and each adds them up. A
// longer one goes round a ring, where each rank adds its part to the sum. The ring takes twice as many hops, and for short
// messages a hop costs more than its bytes. The limit keeps what a rank receives below 4 MiB.
constexpr size_t most_short_bytes(int ranks) {
  return std::min<size_t>(256 << 10, (4 << 20) / static_cast<size_t>(ranks)) / 64 * 64;
}

}  // namespace hpcai::distributed
