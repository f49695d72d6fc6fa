#include "hpcai/kernels/spline/spline.h"

namespace hpcai::kernels {

SplineOutput spline_reference(const at::Tensor& x, const at::Tensor& parameters, double bound, bool inverse) {
  const int64_t bins = (parameters.size(-1) + 1) / 3, searched = inverse ? 1 : 0;
  const at::Tensor clamped = x.clamp(-bound, bound).unsqueeze(-1);  // [rows, dimensions, 1]

  // Widths and heights [rows, dimensions, 2, bins], and where the bins end.
  const at::Tensor shares = parameters.narrow(-1, 0, 2 * bins).unflatten(-1, {2, bins}).softmax(-1);
  const double share = 1 - kSplineLeast * static_cast<double>(bins);
  const at::Tensor sizes = (shares * share + kSplineLeast) * (2 * bound), ends = sizes.cumsum(-1) - bound;
  const at::Tensor inner = ends.select(-2, searched).narrow(-1, 0, bins - 1);
  const at::Tensor bin = clamped.ge(inner).sum(-1, /*keepdim=*/true);  // [rows, dimensions, 1]

  const at::Tensor of_both = bin.unsqueeze(-1).expand({-1, -1, 2, 1});
  const at::Tensor size = sizes.gather(-1, of_both).squeeze(-1);
  const at::Tensor start = ends.gather(-1, of_both).squeeze(-1) - size;  // [rows, dimensions, 2]
  const at::Tensor width = size.select(-1, 0), height = size.select(-1, 1);

  const at::Tensor raw = at::constant_pad_nd(parameters.narrow(-1, 2 * bins, bins - 1), {1, 1}, 0);
  const at::Tensor slopes = at::softplus(raw.gather(-1, at::cat({bin, bin + 1}, -1)) + spline_slope_offset()) + kSplineLeast;
  const at::Tensor low = slopes.select(-1, 0), high = slopes.select(-1, 1), mean = height / width;
  const at::Tensor bend = low + high - 2 * mean;

  // theta: the place within the bin, from 0 to 1.
  const at::Tensor along = ((clamped.squeeze(-1) - start.select(-1, searched)) / size.select(-1, searched)).clamp(0, 1);
  at::Tensor theta = along;
  if (inverse) {
    // The root of (mean - b) theta^2 + b theta - mean along = 0 without cancellation for either sign of b.
    const at::Tensor b = low - along * bend, edge = b - 2 * mean * along;
    const at::Tensor root = (edge.square() + 4 * mean.square() * along * (1 - along)).sqrt();
    const at::Tensor negative = b.clamp_max(0);
    theta = at::where(b >= 0, 2 * mean * along / (b.clamp_min(0) + root), (root - negative) / (2 * (mean - negative)));
  }
  const at::Tensor rest = 1 - theta, product = theta * rest, denominator = mean + bend * product;
  const at::Tensor numerator = high * theta.square() + 2 * mean * product + low * rest.square();
  const at::Tensor log_slope = (numerator * (mean / denominator).square()).log();
  const at::Tensor value = inverse ? start.select(-1, 0) + width * theta
                                   : start.select(-1, 1) + height * (mean * theta.square() + low * product) / denominator;
  const at::Tensor inside = x.abs() < bound;
  return {at::where(inside, value, x), at::where(inside, inverse ? -log_slope : log_slope, 0)};
}

}  // namespace hpcai::kernels
