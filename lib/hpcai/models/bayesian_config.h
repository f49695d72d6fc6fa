#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/posterior_config.h"

namespace hpcai::models {

// A regression that knows its uncertainty: an encoder and two variational dense layers.
struct BayesianRegressorConfig {
  static constexpr std::string_view kType = "bayesian_regressor";
  static constexpr std::string_view kHelp =
      "Regression with an uncertainty: an encoder, and two dense layers with a distribution of weights.";
  static constexpr BatchNormMode batch_norm = BatchNormMode::none;  // it has none
  EncoderConfig encoder = {};
  int64_t features = 128;
  int64_t units = 128;
  double prior = 1;
  Activation activation = Activation::relu;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("encoder", encoder, {.help = "The network that reads the series."});
    visitor.field("features", features,
                  {.help = "Numbers that the encoder gives to the variational layers.", .min = 1, .max = kMostUnits});
    visitor.field("units", units, {.help = "Units between the two variational layers.", .min = 1, .max = kMostUnits});
    visitor.field("prior", prior,
                  {.help = "Standard deviation of the weights' prior, in units of 1 / sqrt(inputs of the layer).",
                   .min = 0,
                   .max = 1000,
                   .min_excluded = true});
    visitor.field("activation", activation, {.help = "Between the layers of the encoder."});
  }
};

}  // namespace hpcai::models
