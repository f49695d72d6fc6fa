#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/network/planner.h"
#include "hpcai/models/network/window.h"

namespace hpcai::models::network {

inline constexpr double kMostKernel = 1 << 16;

// The keys that all convolutions have.
struct ConvolutionKeys {
  int64_t channels = 32, kernel = 3, stride = 1, dilation = 1;
  std::string padding = "valid";
  bool bias = true;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("channels", channels, {.help = "Channels of the output.", .min = 1, .max = kMostUnits, .required = true});
    visitor.field(
        "kernel", kernel,
        {.help = "Steps that it sees, or the side of the square in an image.", .min = 1, .max = kMostKernel, .required = true});
    visitor.field("stride", stride, {.help = "Steps or pixels between two outputs.", .min = 1, .max = kMostKernel});
    visitor.field("dilation", dilation, {.help = "Distance between two values that it sees.", .min = 1, .max = 1 << 24});
    visitor.field("padding", padding, {.help = kPaddingHelp});
    visitor.field("bias", bias, {.help = "Whether a constant is added; a batch norm behind it needs none."});
  }
};

// torch.nn.Conv1d of a series, torch.nn.Conv2d of an image.
struct ConvLayer : ConvolutionKeys {
  static constexpr std::string_view kType = "conv";
  static constexpr std::string_view kHelp = "Convolution over the time of a series or over an image.";
  int64_t groups = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    ConvolutionKeys::describe(visitor);
    visitor.field("groups", groups, {.help = "Groups of channels that are convolved apart.", .min = 1, .max = kMostUnits});
  }
};

// A convolution of each channel by itself, then one of kernel 1 (Keras's SeparableConv2D, without a bias between the two).
struct SeparableConvLayer : ConvolutionKeys {
  static constexpr std::string_view kType = "separable_conv";
  static constexpr std::string_view kHelp = "A convolution of each channel by itself, then one of all channels with kernel 1.";
};

Plan plan(const ConvLayer& config, const Shape& input, Planner& planner);
Plan plan(const SeparableConvLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
