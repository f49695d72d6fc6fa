#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/network/activation.h"
#include "hpcai/models/network/planner.h"

// Layers that change the shape alone.
namespace hpcai::models::network {

struct FlattenLayer : NoKeys {
  static constexpr std::string_view kType = "flatten";
  static constexpr std::string_view kHelp =
      "All values as one vector of features, in the order of the shape: [channels, steps], ...";
};

struct TransposeLayer : NoKeys {
  static constexpr std::string_view kType = "transpose";
  static constexpr std::string_view kHelp =
      "A series [channels, steps] becomes a sequence [steps, features], or the other way round.";
};

struct LastLayer {
  static constexpr std::string_view kType = "last";
  static constexpr std::string_view kHelp = "The last time steps; of a sequence that is shorter, zeros in front.";
  static constexpr std::string_view kMainKey = "steps";
  int64_t steps = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("steps", steps, {.help = "Steps that are kept.", .min = 1, .required = true});
  }
};

struct CropLayer {
  static constexpr std::string_view kType = "crop";
  static constexpr std::string_view kHelp = "Cuts steps off at the beginning and the end, or pixels at the sides of an image.";
  int64_t begin = 0, end = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("begin", begin, {.help = "Steps cut off at the beginning, or pixels at the top and on the left.", .min = 0});
    visitor.field("end", end, {.help = "Steps cut off at the end, or pixels at the bottom and on the right.", .min = 0});
  }
};

Plan plan(const FlattenLayer& config, const Shape& input, Planner& planner);
Plan plan(const TransposeLayer& config, const Shape& input, Planner& planner);
Plan plan(const LastLayer& config, const Shape& input, Planner& planner);
Plan plan(const CropLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
