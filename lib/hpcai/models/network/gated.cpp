#include "hpcai/models/network/gated.h"

#include <fmt/format.h>

#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/models/wavenet.h"

namespace hpcai::models::network {
namespace {

Shape half_of(const Shape& input) {
  if (input.channels % 2 == 0) return input.with_channels(input.channels / 2);
  throw Fault{fmt::format("it halves the channels, but {} is an odd number", input.channels), ""};
}

}  // namespace

Plan plan(const GateLayer&, const Shape& input, Planner&) {
  return plain(half_of(input), [=](const at::Tensor& x, Pass&) {
    return channels_from_end(kernels::gated_activation(channels_to_end(x, input)), input);
  });
}

Plan plan(const GluLayer&, const Shape& input, Planner&) {
  return plain(half_of(input), [dim = input.channel_dim()](const at::Tensor& x, Pass&) { return at::glu(x, dim); });
}

Plan plan(const GatedStackLayer& config, const Shape& input, Planner& planner) {
  if (input.layout != Layout::series) throw Fault{"it needs a series [channels, steps]", ""};
  require_equal_lengths(input, "list its layers: conv, gate, residual");
  WaveNetConfig stack;
  stack.residual_channels = config.channels;
  stack.gate_channels = config.gate_channels;
  stack.layers_per_cycle = config.layers_per_cycle;
  stack.cycles = config.cycles;
  stack.dilations = config.dilations;
  stack.batch_norm = planner.batch_norm();
  stack.batch_norm_momentum = config.momentum;
  return {input.with_channels(config.channels), [stack, in = input.channels](Assembly&) {
            auto folder = std::make_shared<torch::nn::Module>();
            std::vector<std::shared_ptr<GatedLayer>> layers;
            for (const int64_t dilation : dilations_of(stack)) {
              const std::string number = std::to_string(layers.size());
              const int64_t channels = layers.empty() ? in : stack.residual_channels;
              layers.push_back(folder->register_module(number, std::make_shared<GatedLayer>(channels, dilation, stack)));
            }
            return Made{[layers](const at::Tensor& x, Pass&) { return gated_layers(x, layers); }, folder};
          }};
}

}  // namespace hpcai::models::network
