#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"

namespace hpcai::models {

enum class Activation { relu, gelu };

inline config::EnumNames<Activation> enum_names(Activation) { return {{Activation::relu, "relu"}, {Activation::gelu, "gelu"}}; }

// Residual blocks of dense layers.
struct ResidualConfig {
  int64_t units = 256;
  int64_t blocks = 4;
  bool layer_norm = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Units of each dense layer.", .min = 1, .max = kMostUnits});
    visitor.field("blocks", blocks, {.help = "Residual blocks of two dense layers.", .min = 0, .max = 100});
    visitor.field("layer_norm", layer_norm, {.help = "Normalise the units at the beginning of each block."});
  }
};

// The encoders of a detector's strain. Each ends in residual blocks, which also receive the numbers of `summary`.
struct DenseEncoderConfig {
  static constexpr std::string_view kType = "dense";
  static constexpr std::string_view kHelp = "A linear map of each channel's series, then dense blocks (as Dax et al. 2021).";
  int64_t components = 96;
  bool principal_components = true;
  int64_t examples = 16384;
  ResidualConfig residual = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("components", components,
                  {.help = "Numbers that the linear map makes of each channel.", .min = 1, .max = kMostUnits});
    visitor.field("principal_components", principal_components,
                  {.help = "Start the linear map from the principal components of the training inputs, instead of at random."});
    visitor.field("examples", examples,
                  {.help = "Training inputs whose principal components are computed.", .min = 1, .max = 1 << 24});
    visitor.field("residual", residual, {.help = "The blocks behind the linear map."});
  }
};

struct ConvolutionEncoderConfig {
  static constexpr std::string_view kType = "convolution";
  static constexpr std::string_view kHelp = "Residual convolutions over time, each of which halves the steps, then dense blocks.";
  std::vector<int64_t> channels = {32, 32, 64, 64};
  int64_t kernel = 16;
  int64_t stride = 8;
  ResidualConfig residual = {.blocks = 2};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("channels", channels,
                  {.help = "Channels of the first convolution and of each residual block.", .min = 1, .max = kMostUnits});
    visitor.field("kernel", kernel, {.help = "Width of the first convolution.", .unit = "samples", .min = 1, .max = 1 << 16});
    visitor.field("stride", stride, {.help = "Stride of the first convolution.", .unit = "samples", .min = 1, .max = 1 << 16});
    visitor.field("residual", residual, {.help = "The dense blocks behind the convolutions."});
  }
};

struct WaveNetEncoderConfig {
  static constexpr std::string_view kType = "wavenet";
  static constexpr std::string_view kHelp = "WaveNet's gated layers, pooling by a strided convolution, then dense blocks.";
  int64_t residual_channels = 16;
  int64_t gate_channels = 16;
  int64_t layers_per_cycle = 8;
  int64_t cycles = 1;
  int64_t pool_steps = 32;
  int64_t pool_channels = 16;
  ResidualConfig residual = {.blocks = 2};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("residual_channels", residual_channels,
                  {.help = "Channels between gated layers.", .min = 1, .max = kMostUnits});
    visitor.field("gate_channels", gate_channels,
                  {.help = "Channels of the filter and of the gate.", .min = 1, .max = kMostUnits});
    visitor.field("layers_per_cycle", layers_per_cycle,
                  {.help = "Gated layers per cycle; their dilations are 1, 2, 4, ...", .min = 1, .max = 20});
    visitor.field("cycles", cycles, {.help = "How often the cycle of dilations is done.", .min = 1, .max = 100});
    visitor.field("pool_steps", pool_steps,
                  {.help = "Time steps that are pooled to one.", .unit = "samples", .min = 1, .max = 1 << 16});
    visitor.field("pool_channels", pool_channels, {.help = "Channels of a pooled step.", .min = 1, .max = kMostUnits});
    visitor.field("residual", residual, {.help = "The dense blocks behind the pooling."});
  }
};

using EncoderConfig = std::variant<DenseEncoderConfig, ConvolutionEncoderConfig, WaveNetEncoderConfig>;

// A conditional normalising flow of rational-quadratic coupling layers (Durkan et al. 2019).
struct FlowConfig {
  bool affine = true;
  int64_t layers = 8;
  int64_t bins = 8;
  double bound = 4;
  ResidualConfig residual = {.units = 128, .blocks = 2};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("affine", affine,
                  {.help = "Begin with a linear map of the values, whose mean and covariance the input gives."});
    visitor.field("layers", layers, {.help = "Coupling layers.", .min = 0, .max = 100});
    visitor.field("bins", bins, {.help = "Bins of each spline.", .min = 2, .max = 128});
    visitor.field("bound", bound,
                  {.help = "The splines act on values from -bound to bound, in standard deviations.",
                   .min = 0,
                   .max = 1000,
                   .min_excluded = true});
    visitor.field("residual", residual, {.help = "The network of each coupling layer."});
  }
};

// Neural posterior estimation: p(parameters | detector strain).
struct WaveformPosteriorConfig {
  static constexpr std::string_view kType = "waveform_posterior";
  static constexpr std::string_view kHelp = "Density of the parameters given a strain: an encoder and a conditional spline flow.";
  static constexpr BatchNormMode batch_norm = BatchNormMode::none;  // it has none
  EncoderConfig encoder = {};
  int64_t summary = 0;
  int64_t features = 128;
  Activation activation = Activation::relu;
  FlowConfig flow = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("encoder", encoder, {.help = "The network that reads the strain."});
    visitor.field(
        "summary", summary,
        {.help = "How many of the last values of each channel are numbers about it, as of its noise, and no time steps.",
         .min = 0,
         .max = kMostUnits});
    visitor.field("features", features, {.help = "Numbers that the encoder gives to the flow.", .min = 1, .max = kMostUnits});
    visitor.field("activation", activation, {.help = "Between the dense layers and convolutions."});
    visitor.field("flow", flow, {.help = "The density of the parameters given the features."});
  }
};

}  // namespace hpcai::models
