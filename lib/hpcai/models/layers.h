#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "hpcai/kernels/norm_pool/norm_pool.h"
#include "hpcai/kernels/pixel_product/pixel_product.h"
#include "hpcai/models/batch_norm.h"

namespace hpcai::models {

// Convolutions and dense layers. Their constructors set all weights to zero, and initialise.h fills them from a seed. LibTorch's
// own modules are not used, because their constructors draw weights from the global generator.

// Images in channels-last memory on a CPU take the quickest of the program's own kernels where they are float32, or where
// autocast asks for bfloat16: they are then stored as bfloat16, weights stay float32, and products are those of float32 or, where
// the processor has tile registers, of bfloat16 (docs/convolutions.md). Other images take LibTorch's operators.

// What LibTorch's observers call a convolution by the program's own kernels; its inputs are the images and the weight.
inline constexpr const char* kConvolutionName = "hpcai::convolution";

// The convolution of images [batch, in, height, width] with a square kernel: weight [out, in / groups, kernel, kernel], bias
// [out] or undefined.
at::Tensor convolve_images(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                           int64_t padding, int64_t groups);

// The 3x3 max pool of stride 2 of norm(input), or with `relu` of relu(norm(input)), as kernels::norm_pool. The kernels normalise
// images while the pool reads them.
at::Tensor pool_behind(BatchNorm& norm, bool relu, const at::Tensor& input, kernels::PoolPadding padding);

// A 2-D convolution with square kernels.
class Conv2d : public torch::nn::Module {
 public:
  struct Options {
    int64_t stride = 1, padding = 0, groups = 1;
    bool bias = false;  // none where a batch norm follows
  };
  Conv2d(int64_t in, int64_t out, int64_t kernel, Options options);
  // [batch, in, height, width] -> [batch, out, height', width']
  at::Tensor forward(const at::Tensor& input) const;
  // forward(input), and the input for others that read it, too: a 1x1 convolution on a CPU adds its gradient to theirs.
  kernels::Fork forward_fork(const at::Tensor& input) const;
  // forward(x) for x = norm(input), or with `relu` relu(norm(input)); without a norm (null) x = input or relu(input). On a CPU a
  // depthwise 3x3 convolution computes x while it reads its input, and does not store it.
  at::Tensor forward_behind(BatchNorm* norm, bool relu, const at::Tensor& input) const;

  at::Tensor weight;  // [out, in / groups, kernel, kernel]
  at::Tensor bias;    // [out]; undefined without a bias

 private:
  Options options_;
};

// A 1-D convolution of width 1 or 2 over time, computed as a matrix product. With few channels this is faster on CPUs than
// LibTorch's convolution of [batch, channel, time]. Width 2 pads with zeros to keep the length, floor(dilation / 2) of them on
// the left
// ("same" of Keras and PyTorch). `merged`: how many convolutions of the same input share the output channels; only the initial
// weights depend on it.
class TimeConv : public torch::nn::Module {
 public:
  struct Options {
    int64_t width = 1, dilation = 1, merged = 1;
  };
  TimeConv(int64_t in, int64_t out, Options options);
  // [batch, time, in] -> [batch, time, out]
  at::Tensor forward(const at::Tensor& input, bool with_bias = true) const;

  const Options& options() const { return options_; }

  at::Tensor weight;  // [out, in, width], as torch.nn.Conv1d
  at::Tensor bias;    // [out]

 private:
  Options options_;
};

// A 1-D convolution over time.
class Conv1d : public torch::nn::Module {
 public:
  struct Options {
    int64_t stride = 1, padding = 0, groups = 1;
    bool bias = true;
  };
  Conv1d(int64_t in, int64_t out, int64_t kernel, Options options);
  // [batch, in, time] -> [batch, out, (time + 2 padding - kernel) / stride + 1]
  at::Tensor forward(const at::Tensor& input) const;

  at::Tensor weight;  // [out, in / groups, kernel]
  at::Tensor bias;    // [out]; undefined without a bias

 private:
  Options options_;
};

// A dense layer: input weight^T + bias.
class Dense : public torch::nn::Module {
 public:
  Dense(int64_t in, int64_t out, bool with_bias = true);
  // [..., in] -> [..., out]
  at::Tensor forward(const at::Tensor& input) const;
  void zero();  // sets the weight and the bias to 0, for a layer whose output is to begin at 0

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]; undefined without a bias
};

// Layer normalisation over the last dimension (Ba et al. 2016), with PyTorch's eps of 1e-5.
class LayerNorm : public torch::nn::Module {
 public:
  explicit LayerNorm(int64_t units);
  at::Tensor forward(const at::Tensor& input) const;

  at::Tensor weight, bias;  // [units]; they begin at 1 and 0
};

}  // namespace hpcai::models
