#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/network/activation.h"
#include "hpcai/models/network/convolution.h"

namespace hpcai::models::network {

struct PoolKeys {
  int64_t kernel = 2, stride = 0;
  std::string padding = "valid";

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("kernel", kernel,
                  {.help = "Steps, or the side of the square in an image.", .min = 1, .max = kMostKernel, .required = true});
    visitor.field("stride", stride,
                  {.help = "Steps or pixels between two outputs; 0: as the kernel.", .min = 0, .max = kMostKernel});
    visitor.field("padding", padding, {.help = kPaddingHelp});
  }
};

// torch.nn.MaxPool1d and 2d; with padding: same Keras's.
struct MaxPoolLayer : PoolKeys {
  static constexpr std::string_view kType = "max_pool";
  static constexpr std::string_view kHelp = "The largest value in each window.";
  static constexpr std::string_view kMainKey = "kernel";
};

// torch.nn.AvgPool1d and 2d with count_include_pad=False; with padding: same Keras's.
struct AveragePoolLayer : PoolKeys {
  static constexpr std::string_view kType = "average_pool";
  static constexpr std::string_view kHelp = "The mean of each window; added values do not count.";
  static constexpr std::string_view kMainKey = "kernel";
};

struct MeanLayer : NoKeys {
  static constexpr std::string_view kType = "mean";
  static constexpr std::string_view kHelp = "The mean over all steps or pixels: one feature a channel.";
};

struct MaxLayer : NoKeys {
  static constexpr std::string_view kType = "max";
  static constexpr std::string_view kHelp = "The largest value over all steps or pixels: one feature a channel.";
};

Plan plan(const MaxPoolLayer& config, const Shape& input, Planner& planner);
Plan plan(const AveragePoolLayer& config, const Shape& input, Planner& planner);
Plan plan(const MeanLayer& config, const Shape& input, Planner& planner);
Plan plan(const MaxLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
