#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace hpcai::kernels {

// Batch normalisation as an affine map, y = scale v + shift, and its gradient; all tensors float64 [channels].

// Sums a tensor in place over all ranks; empty for a rank of its own.
using Sum = std::function<void(at::Tensor&)>;

// Mean and biased variance over `count` values a channel, on all ranks.
struct Statistics {
  at::Tensor mean, variance, count;
};

// From one row per piece of the data, [pieces, 1 + 2 channels] = (count, means, squares about them).
Statistics combine(const at::Tensor& pieces, const Sum& sum);

// Where the statistics of a normalisation come from.
enum class NormSource { batch, running, none };

// The layer's own tensors; undefined for NormSource::none. float32 or float64.
struct NormTensors {
  at::Tensor gamma, beta, running_mean, running_var;
};

struct AffineNorm {
  at::Tensor mean, inverse, scale, shift;  // inverse = 1 / sqrt(variance + eps), scale = gamma inverse
};

// For NormSource::batch from `statistics`, which also move the running ones by `momentum` (unbiased variance).
AffineNorm affine_norm(NormSource source, const NormTensors& tensors, const Statistics& statistics, int64_t channels, double eps,
                       double momentum);

// A normalised linear map of K inputs, h = norm(W u + b), as one linear map h = weight u + bias. The statistics of W u + b
// follow from those of u, so the map is computed once: mean = W mean_u + b, variance = diag(W covariance_u W^T).
struct InputMoments {
  at::Tensor mean, covariance, count;  // [K], [K, K], scalar
};

struct FoldedLinear {
  at::Tensor weight, bias;              // [channels, K], [channels]
  at::Tensor original, projected_mean;  // W, W mean_u
  at::Tensor inverse, gamma;            // [channels]
};

FoldedLinear fold(NormSource source, const NormTensors& tensors, const at::Tensor& weight, const at::Tensor& bias,
                  const InputMoments& moments, double eps, double momentum);

// From d loss / d (weight, bias) of the folded map to the originals. What flows to u through its moments is, for each row,
// `statistics` u + `offset`, the same on all ranks.
struct FoldedGradient {
  at::Tensor weight, bias, gamma, beta;
  at::Tensor statistics, offset;  // [K, K], [K]; undefined unless NormSource::batch
};

FoldedGradient fold_gradient(NormSource source, const FoldedLinear& folded, const NormTensors& tensors, const at::Tensor& bias,
                             const InputMoments& moments, const at::Tensor& d_weight, const at::Tensor& d_bias, const Sum& sum);

}  // namespace hpcai::kernels
