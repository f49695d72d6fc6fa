#include "hpcai/kernels/widened/cpu/widen_passes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/widened/cpu/widen_passes.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/storage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class From, class To>
void copy_values(const From* from, int64_t count, To* to) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(load(d, from + i), d, to + i);
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) store(load(one, from + i), one, to + i);
}

void widen_values(const c10::BFloat16* from, int64_t count, float* to) { copy_values(from, count, to); }
void narrow_values(const float* from, int64_t count, c10::BFloat16* to) { copy_values(from, count, to); }

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(widen_values);
HWY_EXPORT(narrow_values);

void widen(const c10::BFloat16* from, int64_t count, float* to) { HWY_DYNAMIC_DISPATCH(widen_values)(from, count, to); }
void narrow(const float* from, int64_t count, c10::BFloat16* to) { HWY_DYNAMIC_DISPATCH(narrow_values)(from, count, to); }
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
