// Vectors of float32 from and to values that are stored as float32 or bfloat16; included once for each instruction set (see
// hwy/foreach_target.h), hence no #pragma once.
#if defined(HPCAI_KERNELS_SIMD_STORAGE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_STORAGE_INL_H_
#undef HPCAI_KERNELS_SIMD_STORAGE_INL_H_
#else
#define HPCAI_KERNELS_SIMD_STORAGE_INL_H_
#endif

#include <c10/util/BFloat16.h>
#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::LoadU(d, from);
}

// A bfloat16 is the upper half of a float32.
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const c10::BFloat16* from) {
  const hn::RebindToUnsigned<D> bits;
  const hn::Rebind<uint16_t, D> halves;
  const auto upper = hn::PromoteTo(bits, hn::LoadU(halves, reinterpret_cast<const uint16_t*>(from)));
  return hn::BitCast(d, hn::ShiftLeft<16>(upper));
}

template <class D>
HWY_INLINE void store(hn::Vec<D> values, D d, float* to) {
  hn::StoreU(values, d, to);
}

// Rounds to the nearest bfloat16, and of two equally near ones to the even one, as LibTorch does. What is no number stays none.
template <class D>
HWY_INLINE void store(hn::Vec<D> values, [[maybe_unused]] D d, c10::BFloat16* to) {
  const hn::RebindToUnsigned<D> bits;
  const hn::Rebind<uint16_t, D> halves;
  const auto exact = hn::BitCast(bits, values);
  const auto is_odd = hn::And(hn::ShiftRight<16>(exact), hn::Set(bits, 1));
  const auto rounded = hn::Add(exact, hn::Add(hn::Set(bits, 0x7FFF), is_odd));
  const auto number = hn::IfThenElse(hn::RebindMask(bits, hn::IsNaN(values)), hn::Set(bits, 0x7FC00000), rounded);
  hn::StoreU(hn::TruncateTo(halves, hn::ShiftRight<16>(number)), halves, reinterpret_cast<uint16_t*>(to));
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
