#include "hpcai/kernels/box_muller/box_muller.h"

#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/box_muller/cpu/box_muller.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kPairs = kBoxMullerGroup / 2;

void transform_groups(const double* uniform, int64_t groups, double deviation, float* normal) {
  const hn::CappedTag<double, kPairs> d;
  const hn::Rebind<float, decltype(d)> narrow;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (const double* end = uniform + groups * kBoxMullerGroup; uniform < end;
       uniform += kBoxMullerGroup, normal += kBoxMullerGroup) {
    for (int64_t i = 0; i < kPairs; i += lanes) {
      const auto above_zero = hn::Sub(hn::Set(d, 1.0), hn::LoadU(d, uniform + i));
      const auto radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0), hn::Log(d, above_zero)));
      const auto angle = hn::Mul(hn::Set(d, 2 * std::numbers::pi), hn::LoadU(d, uniform + kPairs + i));
      const auto factor = hn::Set(d, deviation);
      hn::StoreU(hn::DemoteTo(narrow, hn::Mul(hn::Mul(radius, hn::Cos(d, angle)), factor)), narrow, normal + i);
      hn::StoreU(hn::DemoteTo(narrow, hn::Mul(hn::Mul(radius, hn::Sin(d, angle)), factor)), narrow, normal + kPairs + i);
    }
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {

HWY_EXPORT(transform_groups);

void box_muller(const double* uniform, int64_t groups, double deviation, float* normal) {
  HWY_DYNAMIC_DISPATCH(transform_groups)(uniform, groups, deviation, normal);
}

}  // namespace hpcai::kernels
#endif  // HWY_ONCE
