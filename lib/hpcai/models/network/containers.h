#pragma once

#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/models/network/planner.h"

// Layers that hold layers.
namespace hpcai::models::network {

struct SequenceLayer {
  static constexpr std::string_view kType = "sequence";
  static constexpr std::string_view kHelp = "Layers one after another, which get a name together.";
  static constexpr std::string_view kMainKey = "layers";
  std::vector<LayerConfig> layers;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers, {.help = "From input to output.", .required = true});
  }
};

struct ResidualLayer {
  static constexpr std::string_view kType = "residual";
  static constexpr std::string_view kHelp = "Adds its input to what its layers make of it (He et al. 2016).";
  static constexpr std::string_view kMainKey = "layers";
  std::vector<LayerConfig> layers;
  std::vector<LayerConfig> shortcut;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers, {.help = "From input to output.", .required = true});
    visitor.field("shortcut", shortcut, {.help = "Layers that the added input passes through, where the shape changes."});
  }
};

// Branches of one input.
struct BranchKeys {
  static constexpr std::string_view kMainKey = "branches";
  std::vector<std::vector<LayerConfig>> branches;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("branches", branches, {.help = "Lists of layers; an empty list is the input itself.", .required = true});
  }
};

struct ParallelLayer : BranchKeys {
  static constexpr std::string_view kType = "parallel";
  static constexpr std::string_view kHelp = "Branches of one input, whose channels or features are joined.";
};

struct SumLayer : BranchKeys {
  static constexpr std::string_view kType = "sum";
  static constexpr std::string_view kHelp = "The sum of branches of one input.";
};

struct MultiplyLayer : BranchKeys {
  static constexpr std::string_view kType = "multiply";
  static constexpr std::string_view kHelp =
      "The product of branches of one input; a branch that ends in features scales the channels of the others.";
};

struct RepeatLayer {
  static constexpr std::string_view kType = "repeat";
  static constexpr std::string_view kHelp = "Its layers several times one after another, each time with weights of their own.";
  int64_t times = 2;
  std::vector<LayerConfig> layers;
  int64_t dilation_growth = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("times", times, {.help = "How often.", .min = 1, .max = 1000, .required = true});
    visitor.field("layers", layers, {.help = "From input to output.", .required = true});
    visitor.field(
        "dilation_growth", dilation_growth,
        {.help = "Factor on the dilations of the convolutions within, from one repetition to the next.", .min = 1, .max = 64});
  }
};

Plan plan(const SequenceLayer& config, const Shape& input, Planner& planner);
Plan plan(const ResidualLayer& config, const Shape& input, Planner& planner);
Plan plan(const ParallelLayer& config, const Shape& input, Planner& planner);
Plan plan(const SumLayer& config, const Shape& input, Planner& planner);
Plan plan(const MultiplyLayer& config, const Shape& input, Planner& planner);
Plan plan(const RepeatLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
