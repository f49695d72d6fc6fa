#pragma once

#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/optim/rate_scaling.h"

// Update rules with a rate for each tensor, for training with large batches.
namespace hpcai::optim {

inline constexpr std::string_view kAdaptHelp =
    "The ratio also on biases and batch-norm parameters (all one-dimensional ones); without it theirs is 1.";
inline constexpr std::string_view kNoDecayHelp =
    "Weight decay also on biases and batch-norm parameters (all one-dimensional ones).";
inline constexpr std::string_view kMaxRatioHelp = "Largest ratio; 0 for no limit.";

// Whether the momentum contains the rate and the ratio; lars.h has the equations.
enum class LarsForm { you, mlperf };
inline config::EnumNames<LarsForm> enum_names(LarsForm) { return {{LarsForm::you, "you"}, {LarsForm::mlperf, "mlperf"}}; }

struct LarsConfig {
  static constexpr std::string_view kType = "lars";
  static constexpr std::string_view kHelp = "Layer-wise adaptive rate scaling (You et al. 2017).";
  double lr = 1;
  LarsForm form = LarsForm::you;
  double momentum = 0.9;
  bool momentum_correction = false;
  double trust_coefficient = 1e-3;
  double epsilon = 0;
  double max_ratio = 0;
  double weight_decay = 1e-4;
  bool adapt_bias_and_norm = false;
  bool decay_bias_and_norm = false;
  RateScaling scaling = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = kRateHelp, .min = 0, .min_excluded = true});
    scaling.describe(visitor);
    visitor.field("form", form,
                  {.help = "Whether the momentum holds steps, with rate and ratio inside (you: the paper, TPU and later MLPerf "
                           "references), or gradients, with both outside (mlperf: MLPerf 0.6 reference)."});
    visitor.field("momentum", momentum,
                  {.help = "Share of the last update that is kept.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("momentum_correction", momentum_correction,
                  {.help = "Multiply the momentum by new/old when the rate changes (Goyal et al. 2017); for form you."});
    visitor.field("trust_coefficient", trust_coefficient,
                  {.help = "The factor eta of the ratio.", .min = 0, .min_excluded = true});
    visitor.field("epsilon", epsilon, {.help = "Added to the ratio's denominator.", .min = 0});
    visitor.field("max_ratio", max_ratio, {.help = kMaxRatioHelp, .min = 0});
    visitor.field("weight_decay", weight_decay, {.help = "L2 penalty, in the gradient and in the ratio.", .min = 0});
    visitor.field("adapt_bias_and_norm", adapt_bias_and_norm, {.help = kAdaptHelp});
    visitor.field("decay_bias_and_norm", decay_bias_and_norm, {.help = kNoDecayHelp});
  }
};

struct LambConfig {
  static constexpr std::string_view kType = "lamb";
  static constexpr std::string_view kHelp = "Adam with a rate for each layer (You et al. 2020).";
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-6;
  bool bias_correction = true;
  double min_weight_norm = 0;
  double max_weight_norm = 0;
  double max_ratio = 0;
  double weight_decay = 1e-2;
  bool adapt_bias_and_norm = false;
  bool decay_bias_and_norm = false;
  RateScaling scaling = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = kRateHelp, .min = 0, .min_excluded = true});
    scaling.describe(visitor);
    visitor.field("beta1", beta1, {.help = "Decay of the mean of gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("beta2", beta2, {.help = "Decay of the mean of squared gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("epsilon", epsilon, {.help = "Added to the root of the second moment.", .min = 0, .min_excluded = true});
    visitor.field("bias_correction", bias_correction, {.help = "Divide both moments by 1 - beta^step."});
    visitor.field("min_weight_norm", min_weight_norm,
                  {.help = "A smaller norm of a tensor's weights counts as this in the ratio.", .min = 0});
    visitor.field("max_weight_norm", max_weight_norm,
                  {.help = "A larger norm of a tensor's weights counts as this in the ratio; 0 for no limit.", .min = 0});
    visitor.field("max_ratio", max_ratio, {.help = kMaxRatioHelp, .min = 0});
    visitor.field("weight_decay", weight_decay,
                  {.help = "Share of a weight that is added to its update before the ratio.", .min = 0});
    visitor.field("adapt_bias_and_norm", adapt_bias_and_norm, {.help = kAdaptHelp});
    visitor.field("decay_bias_and_norm", decay_bias_and_norm, {.help = kNoDecayHelp});
  }
};

}  // namespace hpcai::optim
