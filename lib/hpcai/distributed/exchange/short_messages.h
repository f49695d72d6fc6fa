#pragma once

#include <algorithm>
#include <cstddef>

namespace hpcai::distributed {

// The longest message, in bytes, that CPU ranks gather. In a gather each rank sends its values to all others, and each rank adds
// them up. A longer message travels around a ring, in which each rank adds its part to the sum. The ring takes twice as many
// hops, and a hop costs more than the bytes of a short message. The limit keeps the bytes that a rank receives below 4 MiB.
constexpr size_t most_short_bytes(int ranks) {
  return std::min<size_t>(256 << 10, (4 << 20) / static_cast<size_t>(ranks)) / 64 * 64;
}

// The largest tensor of gradients, in bytes, that CPU ranks of one host gather, too: that takes one wait for the other ranks.
// They add a larger one in place, which takes two (host_exchange.h). A rank reads at most 32 KiB.
constexpr size_t most_gathered_bytes(int ranks) { return (32 << 10) / static_cast<size_t>(ranks); }

// The largest tensor of gradients, in bytes, that `ranks` of as many hosts send to each other over their links (links.h). Two
// ranks send as many bytes in a ring. More ranks send more than in a ring, 12 KiB at most, in exchange for fewer hops: at 100
// Mbit/s a hop of Gloo takes as long as about 6 KiB.
constexpr size_t most_linked_bytes(int ranks) {
  return ranks <= 2 ? most_short_bytes(ranks) : (12 << 10) * static_cast<size_t>(ranks) / static_cast<size_t>(ranks - 2);
}

}  // namespace hpcai::distributed
