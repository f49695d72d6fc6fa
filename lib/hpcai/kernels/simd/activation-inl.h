// Vector activations; included once for each instruction set (see hwy/foreach_target.h), hence no #pragma once.
#if defined(HPCAI_KERNELS_SIMD_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_ACTIVATION_INL_H_
#undef HPCAI_KERNELS_SIMD_ACTIVATION_INL_H_
#else
#define HPCAI_KERNELS_SIMD_ACTIVATION_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Here and below a NaN stays one; otherwise a diverged training would go on unnoticed. x86's maximum and minimum give the second
// operand where one is a NaN, so x stands second. Those of Highway's code without vectors give the operand that is a number.
template <class V>
HWY_INLINE V at_least(V bound, V x) {
  return HWY_TARGET == HWY_SCALAR ? hn::IfThenElse(hn::Lt(x, bound), bound, x) : hn::Max(bound, x);
}
template <class V>
HWY_INLINE V at_most(V bound, V x) {
  return HWY_TARGET == HWY_SCALAR ? hn::IfThenElse(hn::Lt(bound, x), bound, x) : hn::Min(bound, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V relu(D d, V x) {
  return at_least(hn::Zero(d), x);
}

// A numerator, and a denominator between 0.004 and 2.
template <class V>
struct Fraction {
  V over, under;
};

// tanh: the rational approximation of degree 13/6 that Eigen uses, within 3e-7 everywhere (tested); cheaper than an exponential.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Fraction<V> tanh_fraction(D d, V x) {
  x = at_most(hn::Set(d, 9.0f), at_least(hn::Set(d, -9.0f), x));
  const V s = hn::Mul(x, x);
  V p = hn::Set(d, -2.76076847742355e-16f);
  p = hn::MulAdd(p, s, hn::Set(d, 2.00018790482477e-13f));
  p = hn::MulAdd(p, s, hn::Set(d, -8.60467152213735e-11f));
  p = hn::MulAdd(p, s, hn::Set(d, 5.12229709037114e-08f));
  p = hn::MulAdd(p, s, hn::Set(d, 1.48572235717979e-05f));
  p = hn::MulAdd(p, s, hn::Set(d, 6.37261928875436e-04f));
  p = hn::MulAdd(p, s, hn::Set(d, 4.89352455891786e-03f));
  V q = hn::Set(d, 1.19825839466702e-06f);
  q = hn::MulAdd(q, s, hn::Set(d, 1.18534705686654e-04f));
  q = hn::MulAdd(q, s, hn::Set(d, 2.26843463243900e-03f));
  q = hn::MulAdd(q, s, hn::Set(d, 4.89352518554385e-03f));
  return {hn::Mul(p, x), q};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V fast_tanh(D d, V x) {
  const auto found = tanh_fraction(d, x);
  return hn::Div(found.over, found.under);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V fast_sigmoid(D d, V x) {
  const V half = hn::Set(d, 0.5f);
  return hn::MulAdd(fast_tanh(d, hn::Mul(x, half)), half, half);
}

template <class V>
struct GateFactors {
  V t, s;
};

// over / under, where `inverse` is 1 / under within a few roundings: one step of correction gives back what they lost.
template <class V>
HWY_INLINE V quotient(const Fraction<V>& of, V inverse) {
  const V near = hn::Mul(of.over, inverse);
  return hn::MulAdd(hn::NegMulAdd(near, of.under, of.over), inverse, near);
}

// tanh(f) and sigmoid(g) with one division for both: a division takes as long as a dozen multiplications.
template <class D, class V = hn::Vec<D>>
HWY_INLINE GateFactors<V> tanh_and_sigmoid(D d, V f, V g) {
  const V half = hn::Set(d, 0.5f);
  const auto a = tanh_fraction(d, f), b = tanh_fraction(d, hn::Mul(g, half));
  const V inverse = hn::Div(hn::Set(d, 1.0f), hn::Mul(a.under, b.under));
  const V twice = quotient(b, hn::Mul(a.under, inverse));
  return {quotient(a, hn::Mul(b.under, inverse)), hn::MulAdd(twice, half, half)};
}

// tanh within 2e-4 of itself and 1.4e-4 everywhere (tested): a quarter of what bfloat16 rounds off. Fitted on [0, 5], where the
// largest error is least.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Fraction<V> near_tanh_fraction(D d, V x) {
  x = at_most(hn::Set(d, 5.0f), at_least(hn::Set(d, -5.0f), x));
  const V s = hn::Mul(x, x);
  const V p = hn::MulAdd(hn::MulAdd(hn::Set(d, 6.54946869e-04f), s, hn::Set(d, 1.01723232e-01f)), s, hn::Set(d, 9.99810138e-01f));
  const V q = hn::MulAdd(hn::MulAdd(hn::Set(d, 1.26392104e-02f), s, hn::Set(d, 4.34504154e-01f)), s, hn::Set(d, 1.0f));
  return {hn::Mul(p, x), q};
}

// The factors for values that are rounded to bfloat16 later.
template <class D, class V = hn::Vec<D>>
HWY_INLINE GateFactors<V> near_tanh_and_sigmoid(D d, V f, V g) {
  const V half = hn::Set(d, 0.5f);
  const auto a = near_tanh_fraction(d, f), b = near_tanh_fraction(d, hn::Mul(g, half));
  const V under = hn::Mul(a.under, b.under), near = hn::ApproximateReciprocal(under);
  const V inverse = hn::Mul(near, hn::NegMulAdd(near, under, hn::Set(d, 2.0f)));
  const V twice = hn::Mul(hn::Mul(b.over, a.under), inverse);
  return {hn::Mul(hn::Mul(a.over, b.under), inverse), hn::MulAdd(twice, half, half)};
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
