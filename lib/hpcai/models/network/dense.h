#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

// torch.nn.Linear: of a vector of features, or of each step of a sequence.
struct DenseLayer {
  static constexpr std::string_view kType = "dense";
  static constexpr std::string_view kHelp = "A dense layer on a vector of features, or on each step of a sequence.";
  static constexpr std::string_view kMainKey = "units";
  int64_t units = 64;
  bool bias = true;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Features of the output.", .min = 1, .max = kMostUnits, .required = true});
    visitor.field("bias", bias, {.help = "Whether a constant is added."});
  }
};

struct OutputsLayer {
  static constexpr std::string_view kType = "outputs";
  static constexpr std::string_view kHelp = "The last layer: a dense layer with as many units as the loss needs outputs.";
  bool bias = true;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("bias", bias, {.help = "Whether a constant is added."});
  }
};

Plan plan(const DenseLayer& config, const Shape& input, Planner& planner);
Plan plan(const OutputsLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
