#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config.h"
#include "hpcai/models/network/activation.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

struct GateLayer : NoKeys {
  static constexpr std::string_view kType = "gate";
  static constexpr std::string_view kHelp =
      "tanh of the first half of the channels times sigmoid of the second half, as in WaveNet (van den Oord et al. 2016).";
};

struct GluLayer : NoKeys {
  static constexpr std::string_view kType = "glu";
  static constexpr std::string_view kHelp =
      "The first half of the channels times sigmoid of the second half (Dauphin et al. 2017).";
};

// The gated layers of `type: wavenet` (models::gated_layers), which run as one fused function on CPUs if their channels are
// multiples of 16, and their input is that of the network.
struct GatedStackLayer {
  static constexpr std::string_view kType = "gated_stack";
  static constexpr std::string_view kHelp = "All gated layers of a WaveNet, and the sum of their skips as the output.";
  int64_t channels = 16;
  int64_t gate_channels = 32;
  int64_t layers_per_cycle = 8;
  int64_t cycles = 2;
  std::vector<int64_t> dilations = {};
  double momentum = 0.01;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("channels", channels, {.help = "Channels between gated layers.", .min = 1, .max = kMostUnits});
    visitor.field("gate_channels", gate_channels,
                  {.help = "Channels of the filter and of the gate.", .min = 1, .max = kMostUnits});
    visitor.field("layers_per_cycle", layers_per_cycle,
                  {.help = "Gated layers per cycle; their dilations are 1, 2, 4, ...", .min = 1, .max = 20});
    visitor.field("cycles", cycles, {.help = "How often the cycle of dilations is done.", .min = 1, .max = 100});
    visitor.field("dilations", dilations,
                  {.help = "Dilation of each gated layer, instead of layers_per_cycle and cycles.", .min = 1, .max = 1 << 24});
    visitor.field("momentum", momentum,
                  {.help = "Weight of a new batch in the running statistics.", .min = 0, .max = 1, .min_excluded = true});
  }
};

Plan plan(const GateLayer& config, const Shape& input, Planner& planner);
Plan plan(const GluLayer& config, const Shape& input, Planner& planner);
Plan plan(const GatedStackLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
