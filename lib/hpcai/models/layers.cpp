#include "hpcai/models/layers.h"

#include <torch/types.h>

namespace hpcai::models {

Conv2d::Conv2d(int64_t in, int64_t out, int64_t kernel, Options options) : options_(options) {
  weight = register_parameter("weight", torch::zeros({out, in / options.groups, kernel, kernel}));
}

at::Tensor Conv2d::forward(const at::Tensor& input) const {
  return at::conv2d(input, weight, {}, options_.stride, options_.padding, 1, options_.groups);
}

TimeConv::TimeConv(int64_t in, int64_t out, Options options) : options_(options) {
  weight = register_parameter("weight", torch::zeros({out, in, options.width}));
  bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor TimeConv::forward(const at::Tensor& input) const {
  if (options_.width == 1) return at::linear(input, weight.squeeze(2), bias);
  const int64_t steps = input.size(1), dilation = options_.dilation, left = dilation / 2;
  const at::Tensor padded = at::constant_pad_nd(input, {0, 0, left, dilation - left});
  // Both taps side by side: [batch, time, 2 in].
  const at::Tensor taps = at::cat({padded.narrow(1, 0, steps), padded.narrow(1, dilation, steps)}, 2);
  return at::linear(taps, weight.permute({0, 2, 1}).flatten(1), bias);
}

Dense::Dense(int64_t in, int64_t out) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor Dense::forward(const at::Tensor& input) const { return at::linear(input, weight, bias); }

}  // namespace hpcai::models
