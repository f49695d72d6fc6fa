#include "hpcai/kernels/folded_norm.h"

namespace hpcai::kernels {
namespace {

at::Tensor wide(const at::Tensor& values) { return values.detach().to(at::kDouble); }

void move_running(const NormTensors& tensors, const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& count, double momentum) {
  const at::Tensor unbiased = variance * (count / (count - 1));
  at::Tensor running_mean = tensors.running_mean, running_var = tensors.running_var;
  running_mean.lerp_(mean.to(running_mean.scalar_type()), momentum);
  running_var.lerp_(unbiased.to(running_var.scalar_type()), momentum);
}

}  // namespace

Statistics combine(const at::Tensor& pieces, const Sum& sum) {
  const int64_t channels = (pieces.size(1) - 1) / 2;
  const at::Tensor count = pieces.narrow(1, 0, 1), mean = pieces.narrow(1, 1, channels), squares = pieces.narrow(1, 1 + channels, channels);
  const at::Tensor local_count = count.sum(), local_mean = (count * mean).sum(0) / local_count;
  const at::Tensor local_squares = (squares + count * (mean - local_mean).square()).sum(0);
  if (!sum) return {local_mean, local_squares / local_count, local_count};
  // 53 bits leave room for the difference of the two large sums.
  at::Tensor total = at::cat({local_count.view({1}), local_mean * local_count, local_squares + local_mean.square() * local_count});
  sum(total);
  const at::Tensor n = total[0], common = total.narrow(0, 1, channels) / n;
  return {common, (total.narrow(0, 1 + channels, channels) / n - common.square()).clamp_min(0), n};
}

AffineNorm affine_norm(NormSource source, const NormTensors& tensors, const Statistics& statistics, int64_t channels, double eps, double momentum) {
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

FoldedLinear fold(NormSource source, const NormTensors& tensors, const at::Tensor& weight, const at::Tensor& bias, const InputMoments& moments,
                  double eps, double momentum) {
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
