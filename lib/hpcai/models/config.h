#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/models/bayesian_config.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/posterior_config.h"

namespace hpcai::models {

inline constexpr std::string_view kBatchNormHelp =
    "Whose statistics are used in training: this rank's batch or shard (local), the batches of all ranks (synchronised), or the "
    "stored running statistics (frozen).";

inline constexpr std::string_view kMomentumHelp =
    "Weight of a new batch in the running statistics; Keras's momentum is 1 minus this. Short trainings need 0.1.";

inline constexpr std::string_view kZeroGammaHelp =
    "Start the last batch norm of each residual block at 0, so that blocks begin as their shortcut (Goyal et al. 2017).";

// Under which changes of an image the features of a network stay the same.
enum class Symmetry { none, d4 };
inline config::EnumNames<Symmetry> enum_names(Symmetry) { return {{Symmetry::none, "none"}, {Symmetry::d4, "d4"}}; }

inline constexpr std::string_view kSymmetryHelp =
    "d4: the last maps are averaged over the eight flips and quarter turns of the image, in training too, so that the features "
    "do not change when an image is flipped or turned; a pass costs eight times as much, and images must be square.";

// Modified WaveNet for waveforms (Khan, Huerta, Das, PLB 808, 135628, 2020). The defaults are the published network with
// 10,295,576 trainable parameters.
struct WaveNetConfig {
  static constexpr std::string_view kType = "wavenet";
  static constexpr std::string_view kHelp = "Modified WaveNet for waveforms (Khan, Huerta, Das 2020).";
  int64_t residual_channels = 16;
  int64_t gate_channels = 32;
  int64_t layers_per_cycle = 8;
  int64_t cycles = 2;
  std::vector<int64_t> dilations = {};
  int64_t tail_channels = 128;
  int64_t keep_steps = 10000;
  int64_t dense_units = 512;
  double dropout = 0.2;
  BatchNormMode batch_norm = BatchNormMode::local;
  double batch_norm_momentum = 0.01;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("residual_channels", residual_channels,
                  {.help = "Channels between gated layers.", .min = 1, .max = kMostUnits});
    visitor.field("gate_channels", gate_channels,
                  {.help = "Channels of the filter and of the gate.", .min = 1, .max = kMostUnits});
    visitor.field("layers_per_cycle", layers_per_cycle,
                  {.help = "Gated layers per cycle; their dilations are 1, 2, 4, ...", .min = 1, .max = 20});
    visitor.field("cycles", cycles, {.help = "How often the cycle of dilations is done.", .min = 1, .max = 100});
    visitor.field("dilations", dilations,
                  {.help = "Dilation of each gated layer, instead of layers_per_cycle and cycles.", .min = 1, .max = 1 << 24});
    visitor.field("tail_channels", tail_channels,
                  {.help = "Channels of the 1x1 convolution after the sum.", .min = 1, .max = kMostUnits});
    visitor.field("keep_steps", keep_steps,
                  {.help = "Last time steps that enter the two branches.", .unit = "samples", .min = 1});
    visitor.field("dense_units", dense_units, {.help = "Units of the hidden layer of each branch.", .min = 1, .max = kMostUnits});
    visitor.field("dropout", dropout, {.help = "Part of the tail's values set to 0.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("batch_norm", batch_norm, {.help = kBatchNormHelp});
    visitor.field("batch_norm_momentum", batch_norm_momentum, {.help = kMomentumHelp, .min = 0, .max = 1, .min_excluded = true});
  }
};

// Which of two published implementations of Xception a network computes. They differ in the pools of even sizes and in the eps of
// batch norms, so weights of one are exact in its own implementation only; see xception.h.
enum class XceptionImplementation { keras, timm };

inline config::EnumNames<XceptionImplementation> enum_names(XceptionImplementation) {
  return {{XceptionImplementation::keras, "keras"}, {XceptionImplementation::timm, "timm"}};
}

// Xception (Chollet 2017), by default as in Keras, with the galaxy classifier's head (Khan et al., PLB 795, 248, 2019). The
// defaults are the published network: with 2 classes 24,011,306 values, of which 23,956,778 are trainable. Other values give a
// similar network of another size.
struct XceptionConfig {
  static constexpr std::string_view kType = "xception";
  static constexpr std::string_view kHelp = "Xception (Chollet 2017) with the galaxy classifier's head (Khan et al. 2019).";
  double width_factor = 1.0;
  int64_t middle_blocks = 8;
  int64_t entry_stride = 2;
  XceptionImplementation implementation = XceptionImplementation::keras;
  int64_t head_units = 1024;
  double dropout = 0.7;
  bool zero_init_last_gamma = false;
  BatchNormMode batch_norm = BatchNormMode::local;
  double batch_norm_momentum = 0.01;
  Symmetry symmetry = Symmetry::none;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("width_factor", width_factor,
                  {.help = "Factor on the channels of every layer; they are rounded to multiples of 8.",
                   .min = 0,
                   .max = 4,
                   .min_excluded = true,
                   .formerly = "width"});
    visitor.field("middle_blocks", middle_blocks,
                  {.help = "Residual blocks of three separable convolutions.", .min = 0, .max = 64});
    visitor.field("entry_stride", entry_stride,
                  {.help = "Stride of the first convolution; 1 keeps the detail of small images.", .min = 1, .max = 2});
    visitor.field(
        "implementation", implementation,
        {.help = "Whose pools and batch norms: keras pads even sizes at the end and has an eps of 0.001, timm pads both "
                 "sides and has 0.00001."});
    visitor.field("head_units", head_units, {.help = "Units of the head's two hidden layers.", .min = 1, .max = kMostUnits});
    visitor.field("dropout", dropout,
                  {.help = "Part of the head's first hidden layer set to 0.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("zero_init_last_gamma", zero_init_last_gamma, {.help = kZeroGammaHelp});
    visitor.field("batch_norm", batch_norm, {.help = kBatchNormHelp});
    visitor.field("batch_norm_momentum", batch_norm_momentum, {.help = kMomentumHelp, .min = 0, .max = 1, .min_excluded = true});
    visitor.field("symmetry", symmetry, {.help = kSymmetryHelp});
  }
};

// ResNet-50 v1.5 (He et al. 2016, with the stride in the 3x3 convolution as in torchvision). The defaults have 25,557,032
// parameters with 1000 classes.
struct ResNetConfig {
  static constexpr std::string_view kType = "resnet50";
  static constexpr std::string_view kHelp = "ResNet-50 v1.5 (He et al. 2016).";
  std::vector<int64_t> blocks = {3, 4, 6, 3};
  int64_t width = 64;
  bool zero_init_last_gamma = false;
  BatchNormMode batch_norm = BatchNormMode::local;
  Symmetry symmetry = Symmetry::none;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("blocks", blocks, {.help = "Bottleneck blocks in each of the four stages.", .min = 1, .max = 1000});
    visitor.field("width", width,
                  {.help = "Channels of the first convolution; later stages grow from it.", .min = 8, .max = 4096});
    visitor.field("zero_init_last_gamma", zero_init_last_gamma, {.help = kZeroGammaHelp});
    visitor.field("batch_norm", batch_norm, {.help = kBatchNormHelp});
    visitor.field("symmetry", symmetry, {.help = kSymmetryHelp});
  }
};

namespace network {
struct LayerConfig;  // network/layer_config.h
}

// From which distribution the weights of a network's convolutions and dense layers are drawn; see initialise.h.
enum class Initialisation { pytorch, keras, he };

inline config::EnumNames<Initialisation> enum_names(Initialisation) {
  return {{Initialisation::pytorch, "pytorch"}, {Initialisation::keras, "keras"}, {Initialisation::he, "he"}};
}

// A network whose layers the config lists. What reads or writes the settings includes network/layer_config.h; the special members
// are defined in network/network.cpp, so that nobody else needs it.
struct NetworkConfig {
  static constexpr std::string_view kType = "network";
  static constexpr std::string_view kHelp = "A network of the layers that the config lists.";
  std::vector<network::LayerConfig> layers;
  Initialisation initialisation = Initialisation::pytorch;
  bool time_first = false;
  bool standardise_inputs = false;
  BatchNormMode batch_norm = BatchNormMode::local;

  NetworkConfig();
  ~NetworkConfig();
  NetworkConfig(const NetworkConfig& other);
  NetworkConfig(NetworkConfig&& other) noexcept;
  NetworkConfig& operator=(const NetworkConfig& other);
  NetworkConfig& operator=(NetworkConfig&& other) noexcept;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers,
                  {.help = "The layers from input to output. `- relu` and `- conv: {...}` are short for `- {type: relu}` and "
                           "`- {type: conv, ...}`. The last one usually is `- outputs`.",
                   .required = true});
    visitor.field("initialisation", initialisation,
                  {.help = "Initial weights of convolutions and dense layers: uniform by the inputs (pytorch), by inputs and "
                           "outputs (keras), or convolutions normal by the outputs (he)."});
    visitor.field("time_first", time_first,
                  {.help = "Samples of two dimensions are [time, features], as recurrent layers and attention need them, instead "
                           "of [channels, time]."});
    visitor.field(
        "standardise_inputs", standardise_inputs,
        {.help = "Subtract from each feature or channel of the samples its mean in the training data, and divide by its "
                 "standard deviation."});
    visitor.field("batch_norm", batch_norm, {.help = kBatchNormHelp});
  }
};

// The section `model`.
using ModelConfig =
    std::variant<WaveNetConfig, XceptionConfig, ResNetConfig, WaveformPosteriorConfig, BayesianRegressorConfig, NetworkConfig>;

// The mode of a model's batch norms; none if it has no batch norm.
BatchNormMode batch_norm_of(const ModelConfig& config);

}  // namespace hpcai::models
