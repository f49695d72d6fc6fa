#pragma once

#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace hpcai::simulate {

// One-dimensional prior distributions of a parameter. Densities and quantiles are those of bilby's Uniform, PowerLaw, Sine,
// Cosine and DeltaFunction. (Sines and cosines over a part of their range are normalised here, and not in bilby 2.8.)
struct UniformPriorConfig {
  static constexpr std::string_view kType = "uniform";
  static constexpr std::string_view kHelp = "The same density from min to max.";
  double min = 0, max = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("min", min, {.help = "Smallest value."});
    visitor.field("max", max, {.help = "Largest value."});
  }
};

struct PowerLawPriorConfig {
  static constexpr std::string_view kType = "power_law";
  static constexpr std::string_view kHelp =
      "A density in proportion to a power of the value: 2 for distances in Euclidean space.";
  double exponent = 2, min = 0, max = 1;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("exponent", exponent, {.help = "Exponent of the density."});
    visitor.field("min", min, {.help = "Smallest value.", .min = 0});
    visitor.field("max", max, {.help = "Largest value.", .min = 0});
  }
};

struct SinePriorConfig {
  static constexpr std::string_view kType = "sine";
  static constexpr std::string_view kHelp = "A density in proportion to the sine: the angle of a random direction to an axis.";
  double min = 0, max = std::numbers::pi;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("min", min, {.help = "Smallest value.", .unit = "rad", .min = 0, .max = std::numbers::pi});
    visitor.field("max", max, {.help = "Largest value.", .unit = "rad", .min = 0, .max = std::numbers::pi});
  }
};

struct CosinePriorConfig {
  static constexpr std::string_view kType = "cosine";
  static constexpr std::string_view kHelp = "A density in proportion to the cosine: the latitude of a random direction.";
  double min = -std::numbers::pi / 2, max = std::numbers::pi / 2;

  template <class Visitor>
  void describe(Visitor& visitor) {
    constexpr double kRight = std::numbers::pi / 2;
    visitor.field("min", min, {.help = "Smallest value.", .unit = "rad", .min = -kRight, .max = kRight});
    visitor.field("max", max, {.help = "Largest value.", .unit = "rad", .min = -kRight, .max = kRight});
  }
};

struct FixedPriorConfig {
  static constexpr std::string_view kType = "fixed";
  static constexpr std::string_view kHelp = "A single value.";
  double value = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("value", value, {.help = "The value."});
  }
};

using PriorConfig = std::variant<UniformPriorConfig, PowerLawPriorConfig, SinePriorConfig, CosinePriorConfig, FixedPriorConfig>;

// The value below which the part u of the distribution lies, 0 <= u <= 1.
double quantile(const PriorConfig& prior, double u);

// The natural logarithm of the density at x; minus infinity outside of the range. Of a fixed value: 0 at the value.
double log_density(const PriorConfig& prior, double x);

// Smallest and largest value.
std::pair<double, double> range(const PriorConfig& prior);

// Throws Error{usage} for a prior of parameter `name` that is empty, not finite, not normalisable, or exceeds the physical range
// of that parameter (binary.h).
void check(const PriorConfig& prior, const std::string& name);

}  // namespace hpcai::simulate
