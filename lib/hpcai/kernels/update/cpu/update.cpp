#include "hpcai/kernels/update/update.h"

#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/update/cpu/update.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Calls at(tag, i) for vectors of values from i on, and for single values at the end.
template <class At>
HWY_INLINE void for_values(int64_t count, const At& at) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) at(d, i);
  for (; i < count; ++i) at(hn::CappedTag<float, 1>(), i);
}

// start + weight (end - start), in the form that is exact for weights near 1 too, as LibTorch's lerp.
template <class D, class V>
HWY_INLINE V between(D d, V start, V end, float weight) {
  const V way = hn::Sub(end, start);
  return weight < 0.5F ? hn::MulAdd(hn::Set(d, weight), way, start) : hn::NegMulAdd(hn::Set(d, 1 - weight), way, end);
}

template <class D, class V>
HWY_INLINE void store_weight(D d, V weight, const UpdatePiece& p, int64_t i, float average_weight) {
  hn::StoreU(weight, d, p.weight + i);
  if (p.average != nullptr) hn::StoreU(between(d, hn::LoadU(d, p.average + i), weight, average_weight), d, p.average + i);
}

void momentum_piece(const UpdatePiece& p, const MomentumRule& r) {
  for_values(p.count, [&](auto d, int64_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, p.weight + i);
    const auto g = hn::MulAdd(hn::Set(d, r.decay), w, hn::Mul(hn::Set(d, r.gradient_scale), hn::LoadU(d, p.gradient + i)));
    auto u = hn::Mul(hn::Set(d, r.gain), g);
    if (p.mean != nullptr) {
      u = hn::MulAdd(hn::Set(d, r.keep), hn::LoadU(d, p.mean + i), u);
      hn::StoreU(u, d, p.mean + i);
    }
    const auto step = r.nesterov ? hn::MulAdd(hn::Set(d, r.momentum), u, g) : u;
    store_weight(d, hn::NegMulAdd(hn::Set(d, r.rate), step, w), p, i, r.average_weight);
  });
}

// Updates both moments with g and returns {m, root_scale sqrt(v) + epsilon}.
template <class D, class V, class Rule>
HWY_INLINE void update_moments(D d, V g, const UpdatePiece& p, int64_t i, const Rule& r, V& mean, V& root) {
  mean = between(d, hn::LoadU(d, p.mean + i), g, r.one_minus_beta1);
  const V square =
      hn::MulAdd(hn::Mul(hn::Set(d, r.one_minus_beta2), g), g, hn::Mul(hn::Set(d, r.beta2), hn::LoadU(d, p.square + i)));
  hn::StoreU(mean, d, p.mean + i);
  hn::StoreU(square, d, p.square + i);
  root = hn::MulAdd(hn::Set(d, r.root_scale), hn::Sqrt(square), hn::Set(d, r.epsilon));
}

void adam_piece(const UpdatePiece& p, const AdamRule& r) {
  for_values(p.count, [&](auto d, int64_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, p.weight + i);
    const auto g = hn::MulAdd(hn::Set(d, r.decay), w, hn::Mul(hn::Set(d, r.gradient_scale), hn::LoadU(d, p.gradient + i)));
    auto mean = g, root = g;
    update_moments(d, g, p, i, r, mean, root);
    const auto step = hn::Div(hn::Mul(hn::Set(d, r.rate), mean), root);
    store_weight(d, hn::MulSub(hn::Set(d, r.shrink), w, step), p, i, r.average_weight);
  });
}

// The squares of a short block are added in single precision: whole vectors of them in `vectors`, single values in `rest`. Blocks
// are added in double precision.
constexpr int64_t kBlockValues = 2048;
using Whole = hn::ScalableTag<float>;

template <class D, class V>
HWY_INLINE void add_squares(D, V values, hn::Vec<Whole>& vectors, float& rest) {
  if constexpr (std::is_same_v<D, Whole>) {
    vectors = hn::MulAdd(values, values, vectors);
  } else {
    rest += hn::GetLane(hn::Mul(values, values));
  }
}

HWY_INLINE double total(hn::Vec<Whole> vectors, float rest) {
  return double{hn::GetLane(hn::SumOfLanes(Whole(), vectors))} + double{rest};
}

SquareSums lamb_moments_block(const UpdatePiece& p, const LambRule& r, float* update) {
  auto weights = hn::Zero(Whole()), updates = weights;
  float more_weights = 0, more_updates = 0;
  for_values(p.count, [&](auto d, int64_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, p.weight + i);
    const auto g = hn::Mul(hn::Set(d, r.gradient_scale), hn::LoadU(d, p.gradient + i));
    auto mean = g, root = g;
    update_moments(d, g, p, i, r, mean, root);
    add_squares(d, w, weights, more_weights);
    const auto u = hn::MulAdd(hn::Set(d, r.decay), w, hn::Div(hn::Mul(hn::Set(d, r.mean_scale), mean), root));
    hn::StoreU(u, d, update + i);
    add_squares(d, u, updates, more_updates);
  });
  return {total(weights, more_weights), total(updates, more_updates)};
}

SquareSums lamb_moments_piece(const UpdatePiece& p, const LambRule& r, float* update) {
  SquareSums sums;
  for (int64_t begin = 0; begin < p.count; begin += kBlockValues) {
    sums += lamb_moments_block(p.part(begin, std::min(begin + kBlockValues, p.count)), r, update + begin);
  }
  return sums;
}

void apply_lamb_piece(const UpdatePiece& p, const LambRule& r, const float* update, float rate) {
  for_values(p.count, [&](auto d, int64_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, p.weight + i);
    store_weight(d, hn::NegMulAdd(hn::Set(d, rate), hn::LoadU(d, update + i), w), p, i, r.average_weight);
  });
}

void move_piece(const UpdatePiece& p) {
  for_values(p.count, [&](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::LoadU(d, p.gradient + i);
    for (float* values : {p.weight, p.mean, p.square, p.average}) {
      if (values != nullptr) hn::StoreU(hn::Add(hn::LoadU(d, values + i), g), d, values + i);
    }
  });
}

double squares_piece(const float* values, int64_t count) {
  double sum = 0;
  for (int64_t begin = 0; begin < count; begin += kBlockValues) {
    auto block = hn::Zero(Whole());
    float rest = 0;
    const float* from = values + begin;
    for_values(std::min(kBlockValues, count - begin),
               [&](auto d, int64_t i) HWY_ATTR { add_squares(d, hn::LoadU(d, from + i), block, rest); });
    sum += total(block, rest);
  }
  return sum;
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {

HWY_EXPORT(momentum_piece);
HWY_EXPORT(adam_piece);
HWY_EXPORT(lamb_moments_piece);
HWY_EXPORT(apply_lamb_piece);
HWY_EXPORT(move_piece);
HWY_EXPORT(squares_piece);

UpdatePiece UpdatePiece::part(int64_t begin, int64_t end) const {
  const auto from = [begin](auto* values) { return values == nullptr ? nullptr : values + begin; };
  return {from(weight), from(gradient), from(mean), from(square), from(average), end - begin};
}

void update_momentum(const UpdatePiece& piece, const MomentumRule& rule) { HWY_DYNAMIC_DISPATCH(momentum_piece)(piece, rule); }
void update_adam(const UpdatePiece& piece, const AdamRule& rule) { HWY_DYNAMIC_DISPATCH(adam_piece)(piece, rule); }
SquareSums update_lamb_moments(const UpdatePiece& piece, const LambRule& rule, float* update) {
  return HWY_DYNAMIC_DISPATCH(lamb_moments_piece)(piece, rule, update);
}
void apply_lamb(const UpdatePiece& piece, const LambRule& rule, const float* update, float rate) {
  HWY_DYNAMIC_DISPATCH(apply_lamb_piece)(piece, rule, update, rate);
}
void move_values(const UpdatePiece& piece) { HWY_DYNAMIC_DISPATCH(move_piece)(piece); }
SquareSums squares_of_both(const UpdatePiece& piece) {
  return {sum_of_squares(piece.weight, piece.count), sum_of_squares(piece.gradient, piece.count)};
}
double sum_of_squares(const float* values, int64_t count) { return HWY_DYNAMIC_DISPATCH(squares_piece)(values, count); }

}  // namespace hpcai::kernels
#endif  // HWY_ONCE
