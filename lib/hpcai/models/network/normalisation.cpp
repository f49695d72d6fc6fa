#include "hpcai/models/network/normalisation.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "hpcai/models/batch_norm.h"

namespace hpcai::models::network {
namespace {

// A weight and a bias for each channel, which begin at 1 and 0.
struct ScaleAndShift : torch::nn::Module {
  explicit ScaleAndShift(int64_t channels) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
  }
  at::Tensor weight, bias;  // [channels]
};

}  // namespace

Plan plan(const BatchNormLayer& config, const Shape& input, Planner& planner) {
  return {input, [config, input, mode = planner.batch_norm()](Assembly&) {
            const auto norm = std::make_shared<BatchNorm>(input.channels, mode, config.eps, config.momentum);
            if (config.zero_gamma) norm->zero_gamma();
            if (mode == BatchNormMode::none) return Made{std::vector<Operation>{}, norm};
            return Made{Norm{norm, input}, norm};
          }};
}

Plan plan(const LayerNormLayer& config, const Shape& input, Planner&) {
  return {input, [=, eps = config.eps](Assembly&) {
            const auto norm = std::make_shared<ScaleAndShift>(input.channels);
            return Made{[=](const at::Tensor& x, Pass&) {
      const at::Tensor last = channels_to_end(x, input);
      return channels_from_end(at::layer_norm(last, norm->weight.sizes(), norm->weight, norm->bias, eps), input);
                        },
                        norm};
          }};
}

Plan plan(const GroupNormLayer& config, const Shape& input, Planner&) {
  require_equal_lengths(input, "use layer_norm or batch_norm");
  if (input.channels % config.groups != 0) {
    throw Fault{fmt::format("groups {} do not divide the {} channels", config.groups, input.channels), ""};
  }
  return {input, [=](Assembly&) {
            const auto norm = std::make_shared<ScaleAndShift>(input.channels);
            const int64_t dim = input.channel_dim();
            return Made{[=](const at::Tensor& x, Pass&) {
      const at::Tensor first = x.transpose(1, dim);
      return at::group_norm(first, config.groups, norm->weight, norm->bias, config.eps).transpose(1, dim);
                        },
                        norm};
          }};
}

}  // namespace hpcai::models::network
