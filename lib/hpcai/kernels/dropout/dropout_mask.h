#pragma once

#include <cstdint>
#include <vector>

namespace hpcai::kernels {

// Random bits for the i-th value of a sample: a counter through the mixing function "lowbias32" (Wellons 2018), which
// compilers and vector units do several at a time. The key is the sample's own, so nothing but (key, i) matters.
struct DropoutKey {
  uint32_t first = 0, second = 0;
};

inline uint32_t dropout_bits(DropoutKey key, uint32_t index) {
  uint32_t x = index ^ key.first;
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = ((x ^ (x >> 15)) + key.second) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// A value is dropped if the upper 24 of its bits are below this.
inline int32_t dropout_threshold(double rate) { return static_cast<int32_t>(rate * 0x1p24); }

inline bool dropped(DropoutKey key, uint32_t index, int32_t threshold) {
  return static_cast<int32_t>(dropout_bits(key, index) >> 8) < threshold;
}

}  // namespace hpcai::kernels
