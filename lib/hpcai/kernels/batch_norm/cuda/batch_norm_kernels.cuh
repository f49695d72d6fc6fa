#pragma once

#include "hpcai/kernels/cuda/rows.cuh"

namespace hpcai::kernels::cuda {

// What the statistics of a batch are turned into. `offset`, where it is given, was left out of the values.
struct Finish {
  double eps, momentum;
  float *mean, *inverse;  // 1 / sqrt(variance + eps)
  float *running_mean, *running_var;
  const float* offset;
};

__device__ inline void finish_channel(const Finish& finish, int c, double count, double mean, double variance) {
  finish.mean[c] = static_cast<float>(mean);
  finish.inverse[c] = static_cast<float>(rsqrt(variance + finish.eps));
  const double whole = finish.offset ? mean + finish.offset[c] : mean, old_mean = finish.running_mean[c],
               old = finish.running_var[c];
  finish.running_mean[c] = static_cast<float>(old_mean + finish.momentum * (whole - old_mean));
  finish.running_var[c] = static_cast<float>(old + finish.momentum * (variance * count / (count - 1) - old));
}

// Sums of the values and their squares about the first row, which keeps the digits of a variance that is small beside the mean.
// `totals` given: sums and sums of squares of this rank's values, [2 channels + 1] with their count; else all is finished.
template <class T, int kWidth>
__global__ void __launch_bounds__(kBlockThreads)
    moments_kernel(const T* __restrict__ input, Rows rows, float* partial, unsigned* arrived, double* totals, Finish finish) {
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
      finish_channel(finish, c, n, first + mean, variance > 0 || isnan(variance) ? variance : 0);
    }
  }
  if (totals && place.channel == 0) totals[2 * rows.channels] = n;
}

// The totals of all ranks.
__global__ void finish_kernel(const double* totals, int channels, Finish finish) {
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c >= channels) return;
  const double n = totals[2 * channels], mean = totals[c] / n, variance = totals[channels + c] / n - mean * mean;
  finish_channel(finish, c, n, mean, variance > 0 || isnan(variance) ? variance : 0);
}

// A channel's affine map: y = (v - mean) scale + beta.
template <int kWidth>
struct Affine {
  float mean[kWidth], inverse[kWidth], scale[kWidth], beta[kWidth];

  __device__ Affine(const float* means, const float* inverses, const float* gammas, const float* betas, int channel) {
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

struct AffineTensors {
  const float *mean, *inverse, *gamma, *beta;
};

template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    normalise_kernel(const T* __restrict__ input, Rows rows, AffineTensors tensors, T* __restrict__ output) {
  const Place<kWidth> place;
  if (place.channel >= rows.channels) return;
  const Affine<kWidth> affine(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, place.channel);
#pragma unroll 4
  for (int64_t row = place.first_row; row < rows.count; row += place.stride) {
    float values[kWidth];
    load(input + row * rows.channels + place.channel, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float y = affine(values[i], i);
      values[i] = kRelu && y < 0 ? 0 : y;  // a NaN stays one
    }
    store(values, output + row * rows.channels + place.channel);
  }
}

// What reaches the normalised value: dy, or 0 where the ReLU has cut it off.
template <bool kRelu, int kWidth>
__device__ __forceinline__ float through_relu(float dy, float value, const Affine<kWidth>& affine, int i) {
  return kRelu && affine(value, i) <= 0 ? 0 : dy;
}

// gradients: of gamma, beta, and 0 for an offset, [3, channels]. `totals` given: this rank's sums of dy and dy (v - mean); else
// `coefficients`, [2, channels]: the mean of dy, and what d v has of v - mean.
struct Sums {
  float *gradients, *coefficients;
  double* totals;
};

template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    gradient_sums_kernel(const T* __restrict__ grad, const T* __restrict__ input, Rows rows, AffineTensors tensors,
                         float* partial, unsigned* arrived, Sums sums) {
  const Place<kWidth> place;
  const bool mine = place.channel < rows.channels;
  const Affine<kWidth> affine(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, mine ? place.channel : 0);
  float sum[kWidth] = {}, product[kWidth] = {};
#pragma unroll 2
  for (int64_t row = place.first_row; mine && row < rows.count; row += place.stride) {
    const int64_t at = row * rows.channels + place.channel;
    float values[kWidth], dy[kWidth];
    load(input + at, values);
    load(grad + at, dy);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float g = through_relu<kRelu>(dy[i], values[i], affine, i);
      sum[i] += g;
      product[i] += g * (values[i] - affine.mean[i]);
    }
  }
  double total[kWidth], total_product[kWidth];
  if (!sum_over_rows(sum, product, total, total_product, rows.channels, partial, arrived)) return;
  const double n = static_cast<double>(rows.count);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const int c = place.channel + i;
    const double inverse = affine.inverse[i];
    sums.gradients[c] = static_cast<float>(total_product[i] * inverse);
    sums.gradients[rows.channels + c] = static_cast<float>(total[i]);
    sums.gradients[2 * rows.channels + c] = 0;
    if (sums.totals) {
      sums.totals[c] = total[i];
      sums.totals[rows.channels + c] = total_product[i];
    } else {
      sums.coefficients[c] = static_cast<float>(total[i] / n);
      sums.coefficients[rows.channels + c] = static_cast<float>(total_product[i] * inverse * inverse / n);
    }
  }
}

// d v = scale (dy - mean of dy - (v - mean) slope)
template <class T, int kWidth, bool kRelu>
__global__ void __launch_bounds__(kBlockThreads)
    input_gradient_kernel(const T* __restrict__ grad, const T* __restrict__ input, Rows rows, AffineTensors tensors,
                          const float* __restrict__ coefficients, T* __restrict__ output) {
  const Place<kWidth> place;
  if (place.channel >= rows.channels) return;
  const Affine<kWidth> affine(tensors.mean, tensors.inverse, tensors.gamma, tensors.beta, place.channel);
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
      const float g = through_relu<kRelu>(dy[i], values[i], affine, i);
      values[i] = affine.scale[i] * (g - mean[i] - (values[i] - affine.mean[i]) * slope[i]);
    }
    store(values, output + at);
  }
}

}  // namespace hpcai::kernels::cuda
