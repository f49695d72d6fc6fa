#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

// torch.nn.MultiheadAttention of a sequence with itself (Vaswani et al. 2017), with its initial weights.
struct AttentionLayer {
  static constexpr std::string_view kType = "attention";
  static constexpr std::string_view kHelp = "Multi-head attention of a sequence to itself (Vaswani et al. 2017).";
  static constexpr std::string_view kMainKey = "heads";
  int64_t heads = 4;
  double dropout = 0;
  bool causal = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("heads", heads, {.help = "Heads; they divide the features.", .min = 1, .max = kMostUnits, .required = true});
    visitor.field("dropout", dropout, {.help = "Part of the weights set to 0.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("causal", causal, {.help = "Whether a step sees itself and earlier steps only."});
  }
};

// Added to a sequence: sin and cos of step / 10000^(2 i / features) side by side (Vaswani et al. 2017), or trained values that
// begin at normal numbers of deviation 0.02.
struct PositionalEncodingLayer {
  static constexpr std::string_view kType = "positional_encoding";
  static constexpr std::string_view kHelp = "Adds values that tell the steps of a sequence apart.";
  bool trained = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("trained", trained, {.help = "Trained values instead of sines and cosines."});
  }
};

Plan plan(const AttentionLayer& config, const Shape& input, Planner& planner);
Plan plan(const PositionalEncodingLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
