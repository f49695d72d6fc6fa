#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/optim/rate_scaling.h"
#include "hpcai/optim/layerwise_config.h"

namespace hpcai::optim {

struct SgdConfig {
  static constexpr std::string_view kType = "sgd";
  static constexpr std::string_view kHelp = "Stochastic gradient descent, with momentum or without.";
  double lr = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  bool momentum_correction = true;
  double weight_decay = 0;
  bool decay_bias_and_norm = true;
  RateScaling scaling = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = kRateHelp, .min = 0, .min_excluded = true});
    scaling.describe(visitor);
    visitor.field("momentum", momentum,
                  {.help = "Share of the last update that is kept.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("nesterov", nesterov, {.help = "Nesterov's form of momentum; needs momentum above 0."});
    visitor.field(
        "momentum_correction", momentum_correction,
        {.help = "A change of the rate acts on the momentum at once (PyTorch; Goyal et al. 2017); false lets it fade in "
                 "(Keras without Horovod's correction)."});
    visitor.field("weight_decay", weight_decay, {.help = "L2 penalty added to the gradient.", .min = 0});
    visitor.field("decay_bias_and_norm", decay_bias_and_norm,
                  {.help = "Weight decay also on biases and batch-norm parameters (all one-dimensional ones)."});
  }
};

struct AdamConfig {
  static constexpr std::string_view kType = "adam";
  static constexpr std::string_view kHelp = "Adam (Kingma & Ba 2015).";
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-7;
  double weight_decay = 0;
  bool decay_bias_and_norm = true;
  RateScaling scaling = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = kRateHelp, .min = 0, .min_excluded = true});
    scaling.describe(visitor);
    visitor.field("beta1", beta1, {.help = "Decay of the mean of gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("beta2", beta2, {.help = "Decay of the mean of squared gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field(
        "epsilon", epsilon,
        {.help = "Added to the root of the second moment; 1e-7 as in Keras, PyTorch has 1e-8.", .min = 0, .min_excluded = true});
    visitor.field("weight_decay", weight_decay, {.help = "L2 penalty added to the gradient.", .min = 0});
    visitor.field("decay_bias_and_norm", decay_bias_and_norm,
                  {.help = "Weight decay also on biases and batch-norm parameters (all one-dimensional ones)."});
  }
};

struct AdamWConfig {
  static constexpr std::string_view kType = "adamw";
  static constexpr std::string_view kHelp = "Adam with decoupled weight decay (Loshchilov & Hutter 2019).";
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
  bool decay_bias_and_norm = true;
  RateScaling scaling = {};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = kRateHelp, .min = 0, .min_excluded = true});
    scaling.describe(visitor);
    visitor.field("beta1", beta1, {.help = "Decay of the mean of gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("beta2", beta2, {.help = "Decay of the mean of squared gradients.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("epsilon", epsilon,
                  {.help = "Added to the root of the second moment; 1e-8 as in PyTorch.", .min = 0, .min_excluded = true});
    visitor.field("weight_decay", weight_decay,
                  {.help = "Share of a weight that lr = 1 would take away in one step (decoupled decay).", .min = 0});
    visitor.field("decay_bias_and_norm", decay_bias_and_norm,
                  {.help = "Weight decay also on biases and batch-norm parameters (all one-dimensional ones)."});
  }
};

// The section `optimizer`.
using OptimizerConfig = std::variant<AdamConfig, SgdConfig, AdamWConfig, LarsConfig, LambConfig>;

// The form of the warm-up; schedule.h has the equations.
enum class WarmupRule { linear, horovod };
inline config::EnumNames<WarmupRule> enum_names(WarmupRule) {
  return {{WarmupRule::linear, "linear"}, {WarmupRule::horovod, "horovod"}};
}

// The warm-up at the start of most schedules: the learning rate grows linearly to its full value.
struct Warmup {
  double warmup_epochs = 0;
  int64_t warmup_steps = 0;
  double warmup_start = 0.1;
  WarmupRule warmup_rule = WarmupRule::linear;

  template <class Visitor>
  void describe_warmup(Visitor& visitor) {
    visitor.field("warmup_epochs", warmup_epochs,
                  {.help = "Length of the warm-up in epochs; 0 for none.", .unit = "epochs", .min = 0});
    visitor.field("warmup_steps", warmup_steps,
                  {.help = "Length of the warm-up in steps, instead of warmup_epochs.", .unit = "steps", .min = 0});
    visitor.field("warmup_start", warmup_start,
                  {.help = "Fraction of the learning rate at the first step of a linear warm-up.", .min = 0, .max = 1});
    visitor.field("warmup_rule", warmup_rule,
                  {.help = "Start at warmup_start (linear), or one step above optimizer.lr as it was before optimizer.lr_scaling "
                           "(horovod)."});
  }
};

struct ConstantConfig : Warmup {
  static constexpr std::string_view kType = "constant";
  static constexpr std::string_view kHelp = "The same rate in every step after the warm-up.";
  template <class Visitor>
  void describe(Visitor& visitor) {
    describe_warmup(visitor);
  }
};

struct StepConfig : Warmup {
  static constexpr std::string_view kType = "step";
  static constexpr std::string_view kHelp = "Multiplied by a factor at each of some epochs.";
  std::vector<double> milestones_epochs = {30, 60, 80};
  double factor = 0.1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("milestones_epochs", milestones_epochs,
                  {.help = "Epochs, counted from the start, after each of which the learning rate is multiplied by factor.",
                   .unit = "epochs",
                   .min = 0});
    visitor.field("factor", factor,
                  {.help = "Multiplies the learning rate at each milestone.", .min = 0, .max = 1, .min_excluded = true});
    describe_warmup(visitor);
  }
};

struct CosineConfig : Warmup {
  static constexpr std::string_view kType = "cosine";
  static constexpr std::string_view kHelp = "Falls along half a cosine (Loshchilov & Hutter 2017).";
  double final_fraction = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("final_fraction", final_fraction,
                  {.help = "Fraction of the base learning rate at the end of training.", .min = 0, .max = 1});
    describe_warmup(visitor);
  }
};

struct PolynomialConfig : Warmup {
  static constexpr std::string_view kType = "polynomial";
  static constexpr std::string_view kHelp = "Falls as a power of the part of the training that is left.";
  double power = 2;
  double final_fraction = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("power", power, {.help = "Exponent of the decay; 1 is a straight line.", .min = 0, .min_excluded = true});
    visitor.field("final_fraction", final_fraction,
                  {.help = "Fraction of the base learning rate at the end of training.", .min = 0, .max = 1});
    describe_warmup(visitor);
  }
};

struct PlateauConfig : Warmup {
  static constexpr std::string_view kType = "plateau";
  static constexpr std::string_view kHelp = "Falls when the validation loss no longer does.";
  double factor = 0.5;
  int64_t patience = 3;
  double min_delta = 0;
  double floor = 1e-10;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "factor", factor,
        {.help = "Multiplies the learning rate on a plateau.", .min = 0, .max = 1, .min_excluded = true, .max_excluded = true});
    visitor.field("patience", patience,
                  {.help = "Epochs without a better validation loss after which the rate falls.", .unit = "epochs", .min = 1});
    visitor.field("min_delta", min_delta,
                  {.help = "A validation loss counts as better if lower by more than this (Keras: 1e-4).", .min = 0});
    visitor.field("floor", floor, {.help = "The learning rate never falls below this.", .min = 0});
    describe_warmup(visitor);
  }
};

// Rises to the base learning rate and falls again, both along half a cosine (Smith & Topin 2018).
struct OneCycleConfig {
  static constexpr std::string_view kType = "one_cycle";
  static constexpr std::string_view kHelp = "Rises and falls, both along half a cosine (Smith & Topin 2018).";
  double peak_at = 0.3;
  double start_fraction = 0.04;
  double final_fraction = 4e-6;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("peak_at", peak_at,
                  {.help = "Fraction of all steps after which the rate is highest.",
                   .min = 0,
                   .max = 1,
                   .min_excluded = true,
                   .max_excluded = true});
    visitor.field("start_fraction", start_fraction,
                  {.help = "Fraction of the base learning rate at the first step.", .min = 0, .max = 1});
    visitor.field("final_fraction", final_fraction,
                  {.help = "Fraction of the base learning rate at the last step.", .min = 0, .max = 1});
  }
};

// The section `schedule`.
using ScheduleConfig = std::variant<ConstantConfig, StepConfig, CosineConfig, PolynomialConfig, PlateauConfig, OneCycleConfig>;

}  // namespace hpcai::optim
