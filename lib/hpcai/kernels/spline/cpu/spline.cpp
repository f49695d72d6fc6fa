#include "hpcai/kernels/spline/spline.h"

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/spline/cpu/spline.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kMostLanes = 16;
using Tag = hn::CappedTag<float, kMostLanes>;

// One spline a lane. The arrays have the lanes of a vector.
struct Splines {
  float widths[kSplineMostBins * kMostLanes], heights[kSplineMostBins * kMostLanes];  // softmax of the logits
  float bin[kMostLanes];                                                              // the number of the bin of x
  float left[kMostLanes], width[kMostLanes];                                          // its first x and its width
  float bottom[kMostLanes], height[kMostLanes];                                       // the same of the values
  float low_parameter[kMostLanes], high_parameter[kMostLanes];                        // of the slopes at its two knots
};

// The column `parameters` of one spline a lane.
template <class D>
HWY_INLINE hn::Vec<D> column(D d, const float* parameters, int64_t bins) {
  const hn::RebindToSigned<D> integers;
  return hn::GatherIndex(d, parameters, hn::Mul(hn::Iota(integers, 0), hn::Set(integers, static_cast<int32_t>(3 * bins - 1))));
}

template <class D>
HWY_INLINE void set_column(D d, hn::Vec<D> values, float* parameters, int64_t bins) {
  const hn::RebindToSigned<D> integers;
  const auto index = hn::Mul(hn::Iota(integers, 0), hn::Set(integers, static_cast<int32_t>(3 * bins - 1)));
  hn::ScatterIndex(values, d, parameters, index);
}

// exp(x) for x of at most 0. Highway's exponential of a NaN is 0; a NaN stays one here, so that a diverged training is noticed.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exponential(D d, V x) {
  return hn::IfThenElse(hn::Eq(x, x), hn::Exp(d, x), x);
}

// out [bins, lanes] = softmax of the first `bins` columns.
template <class D>
HWY_INLINE void softmax(D d, const float* parameters, int64_t bins, float* out) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto most = column(d, parameters, bins);
  for (int64_t i = 0; i < bins; ++i) {
    const auto logit = column(d, parameters + i, bins);
    hn::StoreU(logit, d, out + i * lanes);
    most = hn::Max(logit, most);
  }
  auto sum = hn::Zero(d);
  for (int64_t i = 0; i < bins; ++i) {
    const auto share = exponential(d, hn::Sub(hn::LoadU(d, out + i * lanes), most));
    hn::StoreU(share, d, out + i * lanes);
    sum = hn::Add(sum, share);
  }
  const auto factor = hn::Div(hn::Set(d, 1.0f), sum);
  for (int64_t i = 0; i < bins; ++i) hn::StoreU(hn::Mul(hn::LoadU(d, out + i * lanes), factor), d, out + i * lanes);
}

// The size of a bin is share * scale + least.
HWY_INLINE float least_size(const SplineShape& shape) { return 2 * shape.bound * static_cast<float>(kSplineLeast); }
HWY_INLINE float size_scale(const SplineShape& shape) {
  return 2 * shape.bound * (1 - static_cast<float>(kSplineLeast) * static_cast<float>(shape.bins));
}

// Finds the bin of x, or with `inverse` of the value.
template <class D>
HWY_INLINE void find_bins(D d, const SplineShape& shape, const float* x, const float* parameters, bool inverse,
                          Splines& splines) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t bins = shape.bins;
  softmax(d, parameters, bins, splines.widths);
  softmax(d, parameters + bins, bins, splines.heights);
  const auto scale = hn::Set(d, size_scale(shape)), least = hn::Set(d, least_size(shape)), searched = hn::LoadU(d, x);
  auto next_left = hn::Set(d, -shape.bound), next_bottom = next_left;
  auto bin = hn::Zero(d), left = next_left, width = next_left, bottom = next_left, height = next_left;
  auto low = hn::Zero(d), high = hn::Zero(d), knot = hn::Zero(d);
  for (int64_t i = 0; i < bins; ++i) {
    const auto here_width = hn::MulAdd(hn::LoadU(d, splines.widths + i * lanes), scale, least);
    const auto here_height = hn::MulAdd(hn::LoadU(d, splines.heights + i * lanes), scale, least);
    const auto next_knot = i + 1 < bins ? column(d, parameters + 2 * bins + i, bins) : hn::Zero(d);
    const auto reached = i == 0 ? hn::Eq(knot, knot) : hn::Ge(searched, inverse ? next_bottom : next_left);
    bin = hn::IfThenElse(reached, hn::Set(d, static_cast<float>(i)), bin);
    left = hn::IfThenElse(reached, next_left, left);
    bottom = hn::IfThenElse(reached, next_bottom, bottom);
    width = hn::IfThenElse(reached, here_width, width);
    height = hn::IfThenElse(reached, here_height, height);
    low = hn::IfThenElse(reached, knot, low);
    high = hn::IfThenElse(reached, next_knot, high);
    next_left = hn::Add(next_left, here_width);
    next_bottom = hn::Add(next_bottom, here_height);
    knot = next_knot;
  }
  hn::StoreU(bin, d, splines.bin);
  hn::StoreU(left, d, splines.left);
  hn::StoreU(width, d, splines.width);
  hn::StoreU(bottom, d, splines.bottom);
  hn::StoreU(height, d, splines.height);
  hn::StoreU(low, d, splines.low_parameter);
  hn::StoreU(high, d, splines.high_parameter);
}

// The slope at a knot: softplus(parameter + offset) + least.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V slope_at(D d, V parameter, float offset) {
  const auto z = hn::Add(parameter, hn::Set(d, offset));
  const auto rest = hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(z))));
  return hn::Add(hn::Add(hn::Max(hn::Zero(d), z), rest), hn::Set(d, static_cast<float>(kSplineLeast)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V from_0_to_1(D d, V x) {
  return hn::Min(hn::Set(d, 1.0f), hn::Max(hn::Zero(d), x));
}

// The place within the bin, from 0 to 1, whose value is at `along` of the bin's height; see spline_reference.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V solve(D d, V along, V mean, V low, V bend) {
  const auto one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f), zero = hn::Zero(d);
  const auto b = hn::NegMulAdd(along, bend, low), twice = hn::Mul(hn::Mul(two, mean), along), edge = hn::Sub(b, twice);
  const auto square = hn::Mul(hn::Mul(hn::Mul(two, twice), mean), hn::Sub(one, along));
  const auto root = hn::Sqrt(hn::MulAdd(edge, edge, square)), negative = hn::Min(b, zero);
  return hn::IfThenElse(hn::Ge(b, zero), hn::Div(twice, hn::Add(hn::Max(b, zero), root)),
                        hn::Div(hn::Sub(root, negative), hn::Mul(two, hn::Sub(mean, negative))));
}

template <class D>
HWY_INLINE void forward_lanes(D d, const SplineShape& shape, const float* x, const float* parameters, bool inverse, float offset,
                              Splines& splines, float* value, float* log_slope) {
  find_bins(d, shape, x, parameters, inverse, splines);
  const auto one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f), at = hn::LoadU(d, x);
  const auto left = hn::LoadU(d, splines.left), width = hn::LoadU(d, splines.width);
  const auto bottom = hn::LoadU(d, splines.bottom), height = hn::LoadU(d, splines.height);
  const auto low = slope_at(d, hn::LoadU(d, splines.low_parameter), offset);
  const auto high = slope_at(d, hn::LoadU(d, splines.high_parameter), offset);
  const auto mean = hn::Div(height, width), bend = hn::NegMulAdd(two, mean, hn::Add(low, high));
  const auto along = inverse ? hn::Div(hn::Sub(at, bottom), height) : hn::Div(hn::Sub(at, left), width);
  const auto place = from_0_to_1(d, along), theta = inverse ? solve(d, place, mean, low, bend) : place;
  const auto rest = hn::Sub(one, theta), product = hn::Mul(theta, rest), denominator = hn::MulAdd(bend, product, mean);
  const auto ratio = hn::Div(mean, denominator), square = hn::Mul(theta, theta);
  const auto numerator = hn::MulAdd(high, square, hn::MulAdd(hn::Mul(two, mean), product, hn::Mul(low, hn::Mul(rest, rest))));
  const auto found_slope = hn::Log(d, hn::Mul(numerator, hn::Mul(ratio, ratio)));
  const auto found = inverse ? hn::MulAdd(width, theta, left)
                             : hn::MulAdd(height, hn::Div(hn::MulAdd(mean, square, hn::Mul(low, product)), denominator), bottom);
  const auto inside = hn::Lt(hn::Abs(at), hn::Set(d, shape.bound));
  hn::StoreU(hn::IfThenElse(inside, found, at), d, value);
  hn::StoreU(hn::IfThenElseZero(inside, inverse ? hn::Neg(found_slope) : found_slope), d, log_slope);
}

// The gradient of logits from that of the shares: `before` for each bin before that of x, `own` for its own, 0 for later ones.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void softmax_gradient(D d, V bin, V before, V own, const float* shares, int64_t bins, float* grad) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto of_share = [&](int64_t i) {
    const auto number = hn::Set(d, static_cast<float>(i));
    return hn::IfThenElseZero(hn::Le(number, bin), hn::IfThenElse(hn::Eq(number, bin), own, before));
  };
  auto mean = hn::Zero(d);
  for (int64_t i = 0; i < bins; ++i) mean = hn::MulAdd(hn::LoadU(d, shares + i * lanes), of_share(i), mean);
  for (int64_t i = 0; i < bins; ++i) {
    set_column(d, hn::Mul(hn::LoadU(d, shares + i * lanes), hn::Sub(of_share(i), mean)), grad + i, bins);
  }
}

// With A = mean theta^2 + low product, B = the denominator, N = the numerator of the slope:
// value = bottom + height A / B, log_slope = log N + 2 log mean - 2 log B.
template <class D>
HWY_INLINE void backward_lanes(D d, const SplineShape& shape, const float* x, const float* parameters, const float* grad_value,
                               const float* grad_log_slope, float offset, Splines& splines, float* grad_x,
                               float* grad_parameters) {
  find_bins(d, shape, x, parameters, /*inverse=*/false, splines);
  const int64_t bins = shape.bins;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f), at = hn::LoadU(d, x);
  const auto inside = hn::Lt(hn::Abs(at), hn::Set(d, shape.bound));
  const auto of_value = hn::IfThenElseZero(inside, hn::LoadU(d, grad_value));
  const auto of_log_slope = hn::IfThenElseZero(inside, hn::LoadU(d, grad_log_slope));
  const auto bin = hn::LoadU(d, splines.bin), left = hn::LoadU(d, splines.left), width = hn::LoadU(d, splines.width);
  const auto height = hn::LoadU(d, splines.height);
  const auto low_parameter = hn::LoadU(d, splines.low_parameter), high_parameter = hn::LoadU(d, splines.high_parameter);
  const auto low = slope_at(d, low_parameter, offset), high = slope_at(d, high_parameter, offset);
  const auto per_width = hn::Div(one, width), mean = hn::Mul(height, per_width);
  const auto bend = hn::NegMulAdd(two, mean, hn::Add(low, high));
  const auto theta = from_0_to_1(d, hn::Mul(hn::Sub(at, left), per_width)), rest = hn::Sub(one, theta);
  const auto product = hn::Mul(theta, rest), square = hn::Mul(theta, theta), rest_square = hn::Mul(rest, rest);
  const auto per_denominator = hn::Div(one, hn::MulAdd(bend, product, mean));
  const auto ratio = hn::Mul(hn::MulAdd(mean, square, hn::Mul(low, product)), per_denominator);
  const auto numerator = hn::MulAdd(high, square, hn::MulAdd(hn::Mul(two, mean), product, hn::Mul(low, rest_square)));

  const auto of_top = hn::Mul(hn::Mul(of_value, height), per_denominator);  // gradient of A
  const auto of_denominator = hn::Neg(hn::MulAdd(of_top, ratio, hn::Mul(hn::Mul(two, of_log_slope), per_denominator)));
  const auto of_numerator = hn::Div(of_log_slope, numerator);
  const auto of_low = hn::MulAdd(hn::Add(of_top, of_denominator), product, hn::Mul(of_numerator, rest_square));
  const auto of_high = hn::MulAdd(of_denominator, product, hn::Mul(of_numerator, square));
  auto of_mean = hn::Div(hn::Mul(two, of_log_slope), mean);
  of_mean = hn::MulAdd(of_top, square, of_mean);
  of_mean = hn::MulAdd(of_denominator, hn::NegMulAdd(two, product, one), of_mean);
  of_mean = hn::MulAdd(hn::Mul(two, of_numerator), product, of_mean);
  const auto of_product = hn::MulAdd(of_top, low, hn::MulAdd(of_denominator, bend, hn::Mul(of_numerator, hn::Mul(two, mean))));
  auto of_theta = hn::Mul(of_product, hn::NegMulAdd(two, theta, one));
  of_theta = hn::MulAdd(hn::Mul(two, of_top), hn::Mul(mean, theta), of_theta);
  of_theta = hn::MulAdd(hn::Mul(two, of_numerator), hn::NegMulAdd(low, rest, hn::Mul(high, theta)), of_theta);
  const auto of_left = hn::Neg(hn::Mul(of_theta, per_width));
  hn::StoreU(hn::IfThenElse(inside, hn::Neg(of_left), hn::LoadU(d, grad_value)), d, grad_x);

  const auto of_height = hn::MulAdd(of_value, ratio, hn::Mul(of_mean, per_width));
  const auto of_width = hn::Sub(hn::Mul(of_left, theta), hn::Mul(hn::Mul(of_mean, mean), per_width));
  const auto scale = hn::Set(d, size_scale(shape));
  softmax_gradient(d, bin, hn::Mul(of_left, scale), hn::Mul(of_width, scale), splines.widths, bins, grad_parameters);
  softmax_gradient(d, bin, hn::Mul(of_value, scale), hn::Mul(of_height, scale), splines.heights, bins, grad_parameters + bins);

  const auto sigmoid = [&](auto parameter) {
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(hn::Set(d, 80.0f), hn::Neg(hn::Add(parameter, hn::Set(d, offset)))))));
  };
  const auto at_low = hn::Mul(of_low, sigmoid(low_parameter)), at_high = hn::Mul(of_high, sigmoid(high_parameter));
  for (int64_t knot = 1; knot < bins; ++knot) {
    const auto number = hn::Set(d, static_cast<float>(knot));
    const auto grad =
        hn::IfThenElse(hn::Eq(number, bin), at_low, hn::IfThenElse(hn::Eq(number, hn::Add(bin, one)), at_high, zero));
    set_column(d, grad, grad_parameters + 2 * bins + knot - 1, bins);
  }
}

// Calls work(tag, row) for each whole vector of rows, then for each row that is left.
template <class Work>
HWY_INLINE void for_lanes(int64_t rows, const Work& work) {
  const Tag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t row = 0;
  for (; row + lanes <= rows; row += lanes) work(d, row);
  for (; row < rows; ++row) work(hn::CappedTag<float, 1>(), row);
}

void forward_rows(const SplineShape& shape, const float* x, const float* parameters, bool inverse, float offset, float* value,
                  float* log_slope) {
  Splines splines;
  for_lanes(shape.rows, [&](auto d, int64_t row) {
    forward_lanes(d, shape, x + row, parameters + row * (3 * shape.bins - 1), inverse, offset, splines, value + row,
                  log_slope + row);
  });
}

void backward_rows(const SplineShape& shape, const float* x, const float* parameters, const float* grad_value,
                   const float* grad_log_slope, float offset, float* grad_x, float* grad_parameters) {
  Splines splines;
  for_lanes(shape.rows, [&](auto d, int64_t row) {
    const int64_t first = row * (3 * shape.bins - 1);
    backward_lanes(d, shape, x + row, parameters + first, grad_value + row, grad_log_slope + row, offset, splines, grad_x + row,
                   grad_parameters + first);
  });
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
namespace {

HWY_EXPORT(forward_rows);
HWY_EXPORT(backward_rows);

constexpr int64_t kPieceRows = 1024;  // a smaller piece is not worth a thread

// Calls work(shape of the piece, its first row, its first parameter) for pieces of the rows.
template <class Work>
void for_rows(const SplineShape& shape, const Work& work) {
  for_pieces((shape.rows + kPieceRows - 1) / kPieceRows, [&](int64_t i) {
    const int64_t first = i * kPieceRows, rows = std::min(kPieceRows, shape.rows - first);
    work(SplineShape{.rows = rows, .bins = shape.bins, .bound = shape.bound}, first, first * (3 * shape.bins - 1));
  });
}

}  // namespace

void spline_forward(const SplineShape& shape, const float* x, const float* parameters, bool inverse, float* value,
                    float* log_slope) {
  const auto offset = static_cast<float>(spline_slope_offset());
  for_rows(shape, [&](const SplineShape& piece, int64_t row, int64_t parameter) {
    HWY_DYNAMIC_DISPATCH(forward_rows)
    (piece, x + row, parameters + parameter, inverse, offset, value + row, log_slope + row);
  });
}

void spline_backward(const SplineShape& shape, const float* x, const float* parameters, const float* grad_value,
                     const float* grad_log_slope, float* grad_x, float* grad_parameters) {
  const auto offset = static_cast<float>(spline_slope_offset());
  for_rows(shape, [&](const SplineShape& piece, int64_t row, int64_t parameter) {
    HWY_DYNAMIC_DISPATCH(backward_rows)
    (piece, x + row, parameters + parameter, grad_value + row, grad_log_slope + row, offset, grad_x + row,
     grad_parameters + parameter);
  });
}

}  // namespace hpcai::kernels
#endif  // HWY_ONCE
