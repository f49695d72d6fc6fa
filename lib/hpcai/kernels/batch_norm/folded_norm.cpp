#include "hpcai/kernels/batch_norm/folded_norm.h"

#include <ATen/Dispatch.h>

#include <algorithm>

namespace hpcai::kernels {
namespace {

at::Tensor as_double(const at::Tensor& values) { return values.detach().to(at::kDouble); }

void move_running(const NormTensors& tensors, const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& count,
                  double momentum) {
  const double n = *count.const_data_ptr<double>(), unbiased = n / (n - 1);
  const auto move = [&](const at::Tensor& running, const at::Tensor& now, double factor) {
    AT_DISPATCH_FLOATING_TYPES(running.scalar_type(), "move_running", [&] {
      const double* const from = now.const_data_ptr<double>();
      auto* const to = running.mutable_data_ptr<scalar_t>();
      for (int64_t c = 0; c < running.numel(); ++c) to[c] = static_cast<scalar_t>(to[c] + momentum * (from[c] * factor - to[c]));
    });
  };
  move(tensors.running_mean, mean, 1);
  move(tensors.running_var, variance, unbiased);
}

double* doubles(const at::Tensor& values) { return values.mutable_data_ptr<double>(); }

}  // namespace

// Plain loops: with some dozens of channels, calls of tensor operations would cost more than the sums themselves.
Statistics combine(const at::Tensor& pieces, const Sum& sum) {
  const int64_t channels = (pieces.size(1) - 1) / 2;
  // Sums, sums of squares, count. Their 53 bits leave room for the difference of the two large sums.
  const at::Tensor total = at::zeros({2 * channels + 1}, at::kDouble);
  Statistics all{.mean = at::zeros({channels}, at::kDouble),
                 .variance = at::zeros({channels}, at::kDouble),
                 .count = total.select(0, 2 * channels)};
  double *const mean = doubles(all.mean), *const squares = doubles(all.variance), *const sums = doubles(total),
                *const count = sums + 2 * channels;
  for (int64_t piece = 0; piece < pieces.size(0); ++piece) {
    const double* const row = pieces.const_data_ptr<double>() + piece * pieces.size(1);
    const double n = row[0], combined = *count + n;
    for (int64_t c = 0; c < channels; ++c) {  // Chan, Golub, LeVeque 1979
      const double shift = row[1 + c] - mean[c];
      mean[c] += shift * n / combined;
      squares[c] += row[1 + channels + c] + shift * shift * *count * n / combined;
    }
    *count = combined;
  }
  if (sum) {
    for (int64_t c = 0; c < channels; ++c) {
      sums[c] = mean[c] * *count;
      sums[channels + c] = squares[c] + mean[c] * mean[c] * *count;
    }
    at::Tensor totals = total;  // the same memory: `sum` wants a tensor that is not constant
    sum(totals);
  }
  for (int64_t c = 0; c < channels; ++c) {
    if (sum) mean[c] = sums[c] / *count;
    squares[c] = sum ? std::max(0.0, sums[channels + c] / *count - mean[c] * mean[c]) : squares[c] / *count;
  }
  return all;
}

AffineNorm affine_norm(NormSource source, const NormTensors& tensors, const Statistics& statistics, int64_t channels, double eps,
                       double momentum) {
  AffineNorm norm;
  if (source == NormSource::none) {
    const auto options = at::TensorOptions().dtype(at::kDouble);
    norm.mean = norm.shift = at::zeros({channels}, options);
    norm.inverse = norm.scale = at::ones({channels}, options);
    return norm;
  }
  const bool from_batch = source == NormSource::batch;
  norm.mean = from_batch ? statistics.mean : as_double(tensors.running_mean);
  norm.inverse = ((from_batch ? statistics.variance : as_double(tensors.running_var)) + eps).rsqrt();
  norm.scale = norm.inverse * as_double(tensors.gamma);
  norm.shift = as_double(tensors.beta) - norm.mean * norm.scale;
  if (from_batch) move_running(tensors, statistics.mean, statistics.variance, statistics.count, momentum);
  return norm;
}

InputMoments input_moments(int64_t rows, const at::Tensor& sums, const at::Tensor& products, const Sum& sum) {
  const int64_t inputs = sums.numel();
  at::Tensor totals = at::cat({at::full({1}, static_cast<double>(rows), at::kDouble), sums, products.flatten()});
  if (sum) sum(totals);
  InputMoments moments;
  moments.count = totals[0];
  moments.mean = totals.narrow(0, 1, inputs) / moments.count;
  moments.covariance =
      totals.narrow(0, 1 + inputs, inputs * inputs).view({inputs, inputs}) / moments.count - moments.mean.outer(moments.mean);
  return moments;
}

FoldedLinear fold(NormSource source, const NormTensors& tensors, const at::Tensor& weight, const at::Tensor& bias,
                  const InputMoments& moments, double eps, double momentum) {
  FoldedLinear folded;
  folded.original = as_double(weight);
  if (source == NormSource::none) {
    folded.weight = folded.original;
    folded.bias = as_double(bias);
    return folded;
  }
  folded.gamma = as_double(tensors.gamma);
  if (source == NormSource::running) {
    folded.inverse = (as_double(tensors.running_var) + eps).rsqrt();
    const at::Tensor scale = folded.gamma * folded.inverse;
    folded.weight = scale.unsqueeze(1) * folded.original;
    folded.bias = as_double(tensors.beta) + scale * (as_double(bias) - as_double(tensors.running_mean));
    return folded;
  }
  folded.projected_mean = folded.original.mv(moments.mean);
  const at::Tensor variance = (folded.original.mm(moments.covariance) * folded.original).sum(1).clamp_min(0);
  folded.inverse = (variance + eps).rsqrt();
  const at::Tensor scale = folded.gamma * folded.inverse;
  folded.weight = scale.unsqueeze(1) * folded.original;
  folded.bias = as_double(tensors.beta) - scale * folded.projected_mean;  // the bias cancels against the mean
  move_running(tensors, folded.projected_mean + as_double(bias), variance, moments.count, momentum);
  return folded;
}

FoldedGradient fold_gradient(NormSource source, const FoldedLinear& folded, const NormTensors& tensors, const at::Tensor& bias,
                             const InputMoments& moments, const at::Tensor& d_weight, const at::Tensor& d_bias, const Sum& sum) {
  FoldedGradient gradient;
  if (source == NormSource::none) {
    gradient.weight = d_weight;
    gradient.bias = d_bias;
    return gradient;
  }
  const at::Tensor& inverse = folded.inverse;
  const at::Tensor scale = folded.gamma * inverse;
  gradient.beta = d_bias;
  gradient.weight = scale.unsqueeze(1) * d_weight;
  const at::Tensor through_weight = (d_weight * folded.original).sum(1);
  if (source == NormSource::running) {
    gradient.bias = scale * d_bias;
    gradient.gamma = inverse * (through_weight + d_bias * (as_double(bias) - as_double(tensors.running_mean)));
    return gradient;
  }
  const at::Tensor d_scale = through_weight - d_bias * folded.projected_mean;
  const at::Tensor d_variance = d_scale * folded.gamma * inverse.pow(3) * -0.5;
  gradient.gamma = inverse * d_scale;
  gradient.bias = at::zeros_like(d_bias);
  gradient.weight.sub_((scale * d_bias).outer(moments.mean));
  gradient.weight.add_(2 * d_variance.unsqueeze(1) * folded.original.mm(moments.covariance));
  // The moments of u are those of all ranks, so their gradients are summed over ranks: of the variances, and of minus W mean_u.
  at::Tensor d_moments = at::stack({d_variance, scale * d_bias});
  if (sum) sum(d_moments);
  const at::Tensor d_covariance = folded.original.t().mm(d_moments[0].unsqueeze(1) * folded.original);
  const at::Tensor d_mean = -folded.original.t().mv(d_moments[1]);
  gradient.statistics = 2 * d_covariance / moments.count;
  gradient.offset = d_mean / moments.count - gradient.statistics.mv(moments.mean);
  return gradient;
}

}  // namespace hpcai::kernels
