#include "hpcai/models/network/convolution.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "hpcai/models/layers.h"

namespace hpcai::models::network {
namespace {

// What a convolution needs beside its weights.
struct ConvolutionPlan {
  Shape input;
  Placement placement;  // its output has the channels of the input
  int64_t stride, dilation, groups;

  // Whether models::Conv2d computes it.
  bool is_plain_image() const {
    const auto& padding = placement.padding;
    return input.layout == Layout::image && dilation == 1 && placement.symmetric() && padding[0] == padding[1];
  }
};

// The convolution of a tensor as a Shape says, with the weight [out, in / groups, kernel...]; `bias` may be undefined.
at::Tensor convolved(const ConvolutionPlan& plan, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const bool series = plan.placement.output.layout == Layout::series;
  at::Tensor x = series ? input.transpose(1, 2) : input;
  std::vector<int64_t> padding = plan.placement.front();
  if (!plan.placement.symmetric()) {
    x = padded(x, plan.placement, 0);
    padding.assign(padding.size(), 0);
  }
  if (!series && plan.dilation == 1 && padding.front() == padding.back()) {
    return convolve_images(x, weight, bias, plan.stride, padding.front(), plan.groups);
  }
  if (!series) return at::conv2d(x, weight, bias, plan.stride, padding, plan.dilation, plan.groups);
  return at::conv1d(x, weight, bias, plan.stride, padding, plan.dilation, plan.groups).transpose(1, 2);
}

// Whether models::TimeConv computes the convolution, which is faster on CPUs.
bool is_time_conv(const ConvLayer& config, const Shape& input, int64_t dilation) {
  if (input.layout != Layout::series || config.stride != 1 || config.groups != 1 || !config.bias) return false;
  if (config.kernel == 2) return config.padding == "same" && dilation <= 2 * input.extents[0];
  return config.kernel == 1 && (config.padding == "same" || config.padding == "valid");
}

ConvolutionPlan plan_of(const ConvolutionKeys& keys, const Shape& input, int64_t dilation, int64_t groups) {
  const Window window{keys.kernel, keys.stride, dilation, keys.padding};
  return {input, place(window, input), keys.stride, dilation, groups};
}

// The dilation within the repetitions around the layer.
int64_t dilation_of(const ConvolutionKeys& keys, const Planner& planner) {
  constexpr double kMost = 1 << 24;
  const double dilation = static_cast<double>(keys.dilation) * static_cast<double>(planner.dilation);
  if (keys.kernel == 1) return 1;
  if (dilation <= kMost) return keys.dilation * planner.dilation;
  throw Fault{fmt::format("its dilation grows to {:.3g}, more than 2^24", dilation), "repeat less often"};
}

// A convolution with plain weights.
Made make_convolution(const ConvolutionPlan& plan, int64_t in, int64_t out, int64_t kernel, bool bias) {
  if (plan.is_plain_image()) {
    const Conv2d::Options options{
        .stride = plan.stride, .padding = plan.placement.front()[0], .groups = plan.groups, .bias = bias};
    const auto conv = std::make_shared<Conv2d>(in, out, kernel, options);
    return {ImageConvolution{conv}, conv};
  }
  const auto with = [&plan](auto conv) {
    return Made{[plan, conv](const at::Tensor& input, Pass& pass) {
      return convolved(plan, pass.filled(input, plan.input), conv->weight, conv->bias);
                },
                conv};
  };
  if (plan.placement.output.layout == Layout::series) {
    return with(std::make_shared<Conv1d>(in, out, kernel, Conv1d::Options{.groups = plan.groups, .bias = bias}));
  }
  return with(std::make_shared<Conv2d>(in, out, kernel, Conv2d::Options{.groups = plan.groups, .bias = bias}));
}

double spatial_weights(const ConvolutionKeys& keys, const Shape& input) {
  const auto kernel = static_cast<double>(keys.kernel);
  return input.layout == Layout::image ? kernel * kernel : kernel;
}

}  // namespace

Plan plan(const ConvLayer& config, const Shape& input, Planner& planner) {
  require_convolvable(input);
  for (const auto& [count, which] : {std::pair(input.channels, "of its input"), std::pair(config.channels, "of its output")}) {
    if (count % config.groups == 0) continue;
    throw Fault{fmt::format("groups {} do not divide the {} channels {}", config.groups, count, which), ""};
  }
  require_moderate(static_cast<double>(input.channels / config.groups) * static_cast<double>(config.channels) *
                   spatial_weights(config, input));
  const int64_t dilation = dilation_of(config, planner), in = input.channels;
  const ConvolutionPlan of = plan_of(config, input, dilation, config.groups);
  const Shape output = of.placement.output.with_channels(config.channels);
  if (is_time_conv(config, input, dilation)) {
    return {output, [=](Assembly&) {
              const auto conv = std::make_shared<TimeConv>(
                  in, config.channels, TimeConv::Options{.width = config.kernel, .dilation = dilation, .merged = 1});
              return Made{[conv, input](const at::Tensor& x, Pass& pass) { return conv->forward(pass.filled(x, input)); }, conv};
            }};
  }
  return {output, [=](Assembly&) { return make_convolution(of, in, config.channels, config.kernel, config.bias); }};
}

Plan plan(const SeparableConvLayer& config, const Shape& input, Planner& planner) {
  require_convolvable(input);
  const int64_t in = input.channels;
  require_moderate(static_cast<double>(in) * (static_cast<double>(config.channels) + spatial_weights(config, input)));
  const ConvolutionPlan apart = plan_of(config, input, dilation_of(config, planner), in);
  const Shape& between = apart.placement.output;
  const ConvolutionPlan together{between, place({}, between), 1, 1, 1};
  return {apart.placement.output.with_channels(config.channels), [=](Assembly&) {
            const Made depthwise = make_convolution(apart, in, in, config.kernel, false);
            const Made pointwise = make_convolution(together, in, config.channels, 1, config.bias);
            auto both = std::make_shared<torch::nn::Module>();
            both->register_module("depthwise", depthwise.module);
            both->register_module("pointwise", pointwise.module);
            return Made{joined(std::array{depthwise.operations, pointwise.operations}), both};
          }};
}

}  // namespace hpcai::models::network
