#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/network/planner.h"

// Functions of each value, PyTorch's of the same names.
namespace hpcai::models::network {

struct NoKeys {
  template <class Visitor>
  void describe(Visitor& /*visitor*/) {}
};

struct ReluLayer : NoKeys {
  static constexpr std::string_view kType = "relu";
  static constexpr std::string_view kHelp = "max(0, x).";
};

struct LeakyReluLayer {
  static constexpr std::string_view kType = "leaky_relu";
  static constexpr std::string_view kHelp = "x, or slope x where x is negative.";
  static constexpr std::string_view kMainKey = "slope";
  double slope = 0.01;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("slope", slope, {.help = "Of negative values.", .min = 0, .max = 1});
  }
};

struct EluLayer : NoKeys {
  static constexpr std::string_view kType = "elu";
  static constexpr std::string_view kHelp = "x, or exp(x) - 1 where x is negative (Clevert et al. 2016).";
};

struct GeluLayer : NoKeys {
  static constexpr std::string_view kType = "gelu";
  static constexpr std::string_view kHelp = "x times the normal distribution of x, exact (Hendrycks, Gimpel 2016).";
};

struct SiluLayer : NoKeys {
  static constexpr std::string_view kType = "silu";
  static constexpr std::string_view kHelp = "x sigmoid(x), also called swish.";
};

struct TanhLayer : NoKeys {
  static constexpr std::string_view kType = "tanh";
  static constexpr std::string_view kHelp = "The hyperbolic tangent.";
};

struct SigmoidLayer : NoKeys {
  static constexpr std::string_view kType = "sigmoid";
  static constexpr std::string_view kHelp = "1 / (1 + exp(-x)).";
};

struct SoftplusLayer : NoKeys {
  static constexpr std::string_view kType = "softplus";
  static constexpr std::string_view kHelp = "log(1 + exp(x)).";
};

Plan plan(const ReluLayer& config, const Shape& input, Planner& planner);
Plan plan(const LeakyReluLayer& config, const Shape& input, Planner& planner);
Plan plan(const EluLayer& config, const Shape& input, Planner& planner);
Plan plan(const GeluLayer& config, const Shape& input, Planner& planner);
Plan plan(const SiluLayer& config, const Shape& input, Planner& planner);
Plan plan(const TanhLayer& config, const Shape& input, Planner& planner);
Plan plan(const SigmoidLayer& config, const Shape& input, Planner& planner);
Plan plan(const SoftplusLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
