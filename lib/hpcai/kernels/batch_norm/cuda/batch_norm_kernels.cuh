#pragma once

#include "hpcai/kernels/cuda/rows.cuh"

namespace hpcai::kernels::cuda {

// Where the statistics of a batch go, [channels] each. `offset`, if not null, was left out of the values and is added to their
// mean in the running statistics.
struct StatisticsTargets {
  double eps, momentum;
  float *mean, *inverse;  // 1 / sqrt(variance + eps)
  float *running_mean, *running_var;
  const float* offset;
};

__device__ inline void write_statistics(const StatisticsTargets& targets, int c, double count, double mean, double variance) {
  targets.mean[c] = static_cast<float>(mean);
  targets.inverse[c] = static_cast<float>(rsqrt(variance + targets.eps));
  const double whole = targets.offset ? mean + targets.offset[c] : mean, old_mean = targets.running_mean[c],
               old = targets.running_var[c];
  targets.running_mean[c] = static_cast<float>(old_mean + targets.momentum * (whole - old_mean));
  targets.running_var[c] = static_cast<float>(old + targets.momentum * (variance * count / (count - 1) - old));
}

// The statistics of input [rows, channels]. Sums are those of the values and their squares about the first row, which keeps the
// digits of a variance that is small beside the mean. `totals` not null: writes there, float64 [2 channels + 1], the sums, sums
// of squares and count of this rank; null: writes the statistics to `targets`.
template <class T, int kWidth>
__global__ void __launch_bounds__(kBlockThreads) moments_kernel(const T* __restrict__ input, Rows rows, float* partial,
                                                                unsigned* arrived, double* totals, StatisticsTargets targets) {
  const Place<kWidth> place;
  float origin[kWidth] = {}, sum[kWidth] = {}, square[kWidth] = {};
  if (place.channel < rows.channels && rows.count > 0) {
    load(input + place.channel, origin);
#pragma unroll 4
    for (int64_t row = place.first_row; row < rows.count; row += place.stride) {
      float values[kWidth];
      load(input + row * rows.channels + place.channel, values);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float d = values[i] - origin[i];
        sum[i] += d;
        square[i] += d * d;
      }
    }
  }
  double total[kWidth], total_square[kWidth];
  if (!sum_over_rows(sum, square, total, total_square, rows.channels, partial, arrived)) return;
  const double n = static_cast<double>(rows.count);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const int c = place.channel + i;
    const double first = origin[i];
    if (totals) {
      totals[c] = n * first + total[i];
      totals[rows.channels + c] = total_square[i] + first * (2 * total[i] + n * first);
    } else {
      const double mean = total[i] / n, variance = total_square[i] / n - mean * mean;
      write_statistics(targets, c, n, first + mean, variance > 0 || isnan(variance) ? variance : 0);
    }
  }
  if (totals && place.channel == 0) totals[2 * rows.channels] = n;
}

// The statistics from the sum of all ranks' totals, [2 channels + 1]. One thread a channel.
__global__ void statistics_kernel(const double* totals, int channels, StatisticsTargets targets) {
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c >= channels) return;
  const double n = totals[2 * channels], mean = totals[c] / n, variance = totals[channels + c] / n - mean * mean;
  write_statistics(targets, c, n, mean, variance > 0 || isnan(variance) ? variance : 0);
}

// The norm of the channels of one thread: y = (v - mean) scale + beta.
template <int kWidth>
struct ChannelNorm {
  float mean[kWidth], inverse[kWidth], scale[kWidth], beta[kWidth];

  __device__ ChannelNorm(const float* means, const float* inverses, const float* gammas, const float* betas, int channel) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      mean[i] = means[channel + i];
      inverse[i] = inverses[channel + i];
      scale[i] = gammas[channel + i] * inverse[i];
      beta[i] = betas[channel + i];
    }
  }
  __device__ float operator()(float value, int i) const { return (value - mean[i]) * scale[i] + beta[i]; }
};

// Of a norm, [channels] each.
struct NormPointers {
  const float *mean, *inverse, *gamma, *beta;
};

template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    normalise_kernel(const T* __restrict__ input, Rows rows, NormPointers tensors, T* __restrict__ output) {
  const Place<kWidth> place;
  if (place.channel >= rows.channels) return;
  const ChannelNorm<kWidth> norm(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, place.channel);
#pragma unroll 4
  for (int64_t row = place.first_row; row < rows.count; row += place.stride) {
    float values[kWidth];
    load(input + row * rows.channels + place.channel, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float y = norm(values[i], i);
      values[i] = kRelu && y < 0 ? 0 : y;  // a NaN stays one
    }
    store(values, output + row * rows.channels + place.channel);
  }
}

// The gradient of the normalised value: dy, or with a ReLU 0 where y <= 0.
template <bool kRelu, int kWidth>
__device__ __forceinline__ float through_relu(float dy, float value, const ChannelNorm<kWidth>& norm, int i) {
  return kRelu && norm(value, i) <= 0 ? 0 : dy;
}

// Where the sums of a backward pass go. `gradients` [3, channels]: of gamma, beta, and 0 for an offset. `totals` [2, channels],
// if not null: this rank's sums of dy and dy (v - mean). Else `coefficients` [2, channels]: `mean of dy` and `slope` of
// input_gradient_kernel.
struct GradientTargets {
  float *gradients, *coefficients;
  double* totals;
};

template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    gradient_sums_kernel(const T* __restrict__ grad, const T* __restrict__ input, Rows rows, NormPointers tensors, float* partial,
                         unsigned* arrived, GradientTargets targets) {
  const Place<kWidth> place;
  const bool mine = place.channel < rows.channels;
  const ChannelNorm<kWidth> norm(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, mine ? place.channel : 0);
  float sum[kWidth] = {}, product[kWidth] = {};
#pragma unroll 2
  for (int64_t row = place.first_row; mine && row < rows.count; row += place.stride) {
    const int64_t at = row * rows.channels + place.channel;
    float values[kWidth], dy[kWidth];
    load(input + at, values);
    load(grad + at, dy);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float g = through_relu<kRelu>(dy[i], values[i], norm, i);
      sum[i] += g;
      product[i] += g * (values[i] - norm.mean[i]);
    }
  }
  double total[kWidth], total_product[kWidth];
  if (!sum_over_rows(sum, product, total, total_product, rows.channels, partial, arrived)) return;
  const double n = static_cast<double>(rows.count);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const int c = place.channel + i;
    const double inverse = norm.inverse[i];
    targets.gradients[c] = static_cast<float>(total_product[i] * inverse);
    targets.gradients[rows.channels + c] = static_cast<float>(total[i]);
    targets.gradients[2 * rows.channels + c] = 0;
    if (targets.totals) {
      targets.totals[c] = total[i];
      targets.totals[rows.channels + c] = total_product[i];
    } else {
      targets.coefficients[c] = static_cast<float>(total[i] / n);
      targets.coefficients[rows.channels + c] = static_cast<float>(total_product[i] * inverse * inverse / n);
    }
  }
}

// d v = scale (dy - mean of dy - (v - mean) slope)
template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    input_gradient_kernel(const T* __restrict__ grad, const T* __restrict__ input, Rows rows, NormPointers tensors,
                          const float* __restrict__ coefficients, T* __restrict__ output) {
  const Place<kWidth> place;
  if (place.channel >= rows.channels) return;
  const ChannelNorm<kWidth> norm(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, place.channel);
  float mean[kWidth], slope[kWidth];
  load(coefficients + place.channel, mean);
  load(coefficients + rows.channels + place.channel, slope);
#pragma unroll 2
  for (int64_t row = place.first_row; row < rows.count; row += place.stride) {
    const int64_t at = row * rows.channels + place.channel;
    float values[kWidth], dy[kWidth];
    load(input + at, values);
    load(grad + at, dy);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float g = through_relu<kRelu>(dy[i], values[i], norm, i);
      values[i] = norm.scale[i] * (g - mean[i] - (values[i] - norm.mean[i]) * slope[i]);
    }
    store(values, output + at);
  }
}

}  // namespace hpcai::kernels::cuda
