#pragma once

#include <cstdint>

namespace hpcai::kernels {

// The key of one sample's dropout mask. Whether value i of the sample is dropped depends on (key, i) only, so neither the
// number of ranks or threads nor a restart changes a mask.
struct DropoutKey {
  uint32_t first = 0, second = 0;
};

// 32 random bits for value `index` of a sample: the counter goes through the mixing function "lowbias32" (Wellons 2018),
// which vector units evaluate for several values at a time.
inline uint32_t dropout_bits(DropoutKey key, uint32_t index) {
  uint32_t x = index ^ key.first;
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = ((x ^ (x >> 15)) + key.second) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// A value is dropped if the upper 24 of its bits are below this threshold. `rate` is the dropped part, in [0, 1).
inline int32_t dropout_threshold(double rate) { return static_cast<int32_t>(rate * 0x1p24); }

// Whether value `index` of a sample is dropped.
inline bool dropped(DropoutKey key, uint32_t index, int32_t threshold) {
  return static_cast<int32_t>(dropout_bits(key, index) >> 8) < threshold;
}

}  // namespace hpcai::kernels
