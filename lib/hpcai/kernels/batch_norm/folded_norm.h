#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace hpcai::kernels {

// Batch normalisation as an affine map, y = scale v + shift, and a batch norm folded into the linear map before it. The
// functions here work on one value a channel. They are shared by the fused operators and are not differentiable themselves.
// All tensors are on the CPU and float64 unless said otherwise.

// Sums a tensor in place over all ranks; empty where a rank's statistics are its own.
using Sum = std::function<void(at::Tensor&)>;

// Mean [channels], biased variance [channels] and number of values a channel (scalar), over all ranks.
struct Statistics {
  at::Tensor mean, variance, count;
};

// Statistics from pieces of the data: pieces [number of pieces, 1 + 2 channels] has in each row a piece's count, its means,
// and its squared deviations from them (Chan, Golub, LeVeque 1979). Ranks may hold no piece.
Statistics combine(const at::Tensor& pieces, const Sum& sum);

// Where the statistics of a normalisation come from; none: there is no normalisation.
enum class NormSource { batch, running, none };

// The layer's own tensors, [channels] each, float32 or float64; undefined for NormSource::none.
struct NormTensors {
  at::Tensor gamma, beta, running_mean, running_var;
};

// y = scale v + shift, [channels] each: inverse = 1 / sqrt(variance + eps), scale = gamma inverse, shift = beta - mean scale.
struct AffineNorm {
  at::Tensor mean, inverse, scale, shift;
};

// The map of a layer. NormSource::batch takes `statistics` and moves the running ones by `momentum`, the variance unbiased;
// the others ignore `statistics` and move nothing. NormSource::none gives the identity.
AffineNorm affine_norm(NormSource source, const NormTensors& tensors, const Statistics& statistics, int64_t channels, double eps,
                       double momentum);

// Mean [K], covariance [K, K] and number of rows (scalar) of a linear map's inputs u, over all ranks.
struct InputMoments {
  at::Tensor mean, covariance, count;
};

// Moments from a rank's sums over its `rows` rows: sums [K] of u, products [K, K] of u u^T.
InputMoments input_moments(int64_t rows, const at::Tensor& sums, const at::Tensor& products, const Sum& sum);

// A normalised linear map of K inputs, h = norm(W u + b), as one linear map h = weight u + bias.
struct FoldedLinear {
  at::Tensor weight, bias;              // [channels, K], [channels]
  at::Tensor original, projected_mean;  // W [channels, K], W mean_u [channels]; the latter for NormSource::batch
  at::Tensor inverse, gamma;            // [channels]; undefined for NormSource::none
};

// Folds the norm into weight [channels, K] and bias [channels] of the map before it, float32 or float64. The statistics of
// W u + b follow from those of u, mean = W mean_u + b and variance = diag(W covariance_u W^T), so the map is computed once.
// NormSource::batch needs `moments` and moves the running statistics as affine_norm does.
FoldedLinear fold(NormSource source, const NormTensors& tensors, const at::Tensor& weight, const at::Tensor& bias,
                  const InputMoments& moments, double eps, double momentum);

// The gradient of what went into fold. For NormSource::batch the loss depends on u also through its moments: that adds
// `statistics` u + `offset` to the gradient of each row u, with the same two on all ranks.
struct FoldedGradient {
  at::Tensor weight, bias, gamma, beta;  // [channels, K], [channels]; gamma and beta undefined for NormSource::none
  at::Tensor statistics, offset;         // [K, K], [K]; undefined unless NormSource::batch
};

// From d loss / d (folded weight [channels, K], folded bias [channels]), which this rank's rows have summed up. `bias`
// [channels] is the one that was folded. The gradients of parameters are this rank's part.
FoldedGradient fold_gradient(NormSource source, const FoldedLinear& folded, const NormTensors& tensors, const at::Tensor& bias,
                             const InputMoments& moments, const at::Tensor& d_weight, const at::Tensor& d_bias, const Sum& sum);

}  // namespace hpcai::kernels
