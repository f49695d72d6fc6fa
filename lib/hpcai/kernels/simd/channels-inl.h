// Vectors of the channels of a pixel; included once for each instruction set (see hwy/foreach_target.h), hence no #pragma once.
#if defined(HPCAI_KERNELS_SIMD_CHANNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_CHANNELS_INL_H_
#undef HPCAI_KERNELS_SIMD_CHANNELS_INL_H_
#else
#define HPCAI_KERNELS_SIMD_CHANNELS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls work(tag, channel) for vectors of 16 channels, and of 8 where 8 are left; channels is a multiple of 8.
template <class Work>
HWY_INLINE void for_channels(int64_t channels, const Work& work) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 8> half;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d)), half_lanes = static_cast<int64_t>(hn::Lanes(half));
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) work(d, c);
  for (; c < channels; c += half_lanes) work(half, c);
}

// map.scale v + map.shift of the channels from c on. Forward and backward passes call it, so that they agree to the bit on where
// a ReLU cuts off.
template <class D, class Map>
HWY_INLINE hn::Vec<D> scaled_and_shifted(D d, hn::Vec<D> v, const Map& map, int64_t c) {
  return hn::MulAdd(hn::LoadU(d, map.scale + c), v, hn::LoadU(d, map.shift + c));
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
