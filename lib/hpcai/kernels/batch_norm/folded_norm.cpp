#include "hpcai/kernels/batch_norm/folded_norm.h"

#include <ATen/Dispatch.h>

#include <algorithm>

namespace hpcai::kernels {
namespace {

at::Tensor wide(const at::Tensor& values) { return values.detach().to(at::kDouble); }

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

double* data(const at::Tensor& values) { return values.mutable_data_ptr<double>(); }

}  // namespace

// Plain loops: with some dozens of channels, calls of tensor operations would cost more than the sums themselves.
Statistics combine(const at::Tensor& pieces, const Sum& sum) {
  const int64_t channels = (pieces.size(1) - 1) / 2;
  // sums, sums of squares, count; 53 bits leave room for the difference of the two large sums
  const at::Tensor total = at::zeros({2 * channels + 1}, at::kDouble);
  Statistics all{at::zeros({channels}, at::kDouble), at::zeros({channels}, at::kDouble), total.select(0, 2 * channels)};
  double *const mean = data(all.mean), *const squares = data(all.variance), *const sums = data(total),
                *const count = sums + 2 * channels;
  for (int64_t piece = 0; piece < pieces.size(0); ++piece) {
    const double* const row = pieces.const_data_ptr<double>() + piece * pieces.size(1);
    const double n = row[0], together = *count + n;
    for (int64_t c = 0; c < channels; ++c) {  // Chan, Golub, LeVeque 1979
      const double shift = row[1 + c] - mean[c];
      mean[c] += shift * n / together;
      squares[c] += row[1 + channels + c] + shift * shift * *count * n / together;
    }
    *count = together;
  }
  if (sum) {
    for (int64_t c = 0; c < channels; ++c) {
      sums[c] = mean[c] * *count;
      sums[channels + c] = squares[c] + mean[c] * mean[c] * *count;
    }
    at::Tensor exchanged = total;
    sum(exchanged);
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
  norm.mean = from_batch ? statistics.mean : wide(tensors.running_mean);
  norm.inverse = ((from_batch ? statistics.variance : wide(tensors.running_var)) + eps).rsqrt();
  norm.scale = norm.inverse * wide(tensors.gamma);
  norm.shift = wide(tensors.beta) - norm.mean * norm.scale;
  if (from_batch) move_running(tensors, statistics.mean, statistics.variance, statistics.count, momentum);
  return norm;
}

FoldedLinear fold(NormSource source, const NormTensors& tensors, const at::Tensor& weight, const at::Tensor& bias,
                  const InputMoments& moments, double eps, double momentum) {
  FoldedLinear folded;
  folded.original = wide(weight);
  if (source == NormSource::none) {
    folded.weight = folded.original;
    folded.bias = wide(bias);
    return folded;
  }
  folded.gamma = wide(tensors.gamma);
  if (source == NormSource::running) {
    folded.inverse = (wide(tensors.running_var) + eps).rsqrt();
    const at::Tensor scale = folded.gamma * folded.inverse;
    folded.weight = scale.unsqueeze(1) * folded.original;
    folded.bias = wide(tensors.beta) + scale * (wide(bias) - wide(tensors.running_mean));
    return folded;
  }
  folded.projected_mean = folded.original.mv(moments.mean);
  const at::Tensor variance = (folded.original.mm(moments.covariance) * folded.original).sum(1).clamp_min(0);
  folded.inverse = (variance + eps).rsqrt();
  const at::Tensor scale = folded.gamma * folded.inverse;
  folded.weight = scale.unsqueeze(1) * folded.original;
  folded.bias = wide(tensors.beta) - scale * folded.projected_mean;  // b cancels against the mean
  move_running(tensors, folded.projected_mean + wide(bias), variance, moments.count, momentum);
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
    gradient.gamma = inverse * (through_weight + d_bias * (wide(bias) - wide(tensors.running_mean)));
    return gradient;
  }
  const at::Tensor d_scale = through_weight - d_bias * folded.projected_mean;
  const at::Tensor d_variance = d_scale * folded.gamma * inverse.pow(3) * -0.5;
  gradient.gamma = inverse * d_scale;
  gradient.bias = at::zeros_like(d_bias);
  gradient.weight.sub_((scale * d_bias).outer(moments.mean));
  gradient.weight.add_(2 * d_variance.unsqueeze(1) * folded.original.mm(moments.covariance));
  // The moments of u are those of all ranks, so what reaches them is summed over ranks.
  at::Tensor reached = at::stack({d_variance, scale * d_bias});
  if (sum) sum(reached);
  const at::Tensor d_covariance = folded.original.t().mm(reached[0].unsqueeze(1) * folded.original);
  const at::Tensor d_mean = -folded.original.t().mv(reached[1]);
  gradient.statistics = 2 * d_covariance / moments.count;
  gradient.offset = d_mean / moments.count - gradient.statistics.mv(moments.mean);
  return gradient;
}

}  // namespace hpcai::kernels
