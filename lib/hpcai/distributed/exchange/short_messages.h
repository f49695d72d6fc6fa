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

// What a hop of Gloo costs at 100 Mbit/s, in bytes on the link.
constexpr size_t kHopBytes = 6 << 10;

// The longest message, in bytes, that the ranks of several hosts send to each other over their links (links.h), each to all
// others, and not around Gloo's ring, which takes ranks - 1 hops. `most`: ranks of the host that has the most. Its link then
// carries most (ranks - most) messages instead of ranks - 1: the limit is where that costs as much as the hops.
constexpr size_t most_linked_sum_bytes(int ranks, int most) {
  const int more = most * (ranks - most) - (ranks - 1);
  const size_t hops = static_cast<size_t>(ranks - 1) * kHopBytes;
  return more <= 0 ? most_short_bytes(ranks) : std::min(most_short_bytes(ranks), hops / static_cast<size_t>(more));
}

// The largest tensor of gradients, in bytes, that `ranks` on as many hosts send to each other over their links. Two ranks send as
// many bytes as in a ring. More ranks send (ranks - 1) (1 - 2/ranks) times the tensor more, in exchange for 2 (ranks - 1) hops.
constexpr size_t most_linked_bytes(int ranks) {
  const size_t limit =
      ranks <= 2 ? most_short_bytes(ranks) : 2 * kHopBytes * static_cast<size_t>(ranks) / static_cast<size_t>(ranks - 2);
  return std::min(most_short_bytes(ranks), limit);
}

}  // namespace hpcai::distributed
