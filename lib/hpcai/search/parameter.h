#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"

// A setting that a search varies, and the values that it may have.
namespace hpcai::search {

// The values of a trial by the keys of their settings: numbers, and text for a choice.
using Values = nlohmann::ordered_json;

namespace detail {
inline constexpr std::string_view kLowHelp = "The lowest value.", kHighHelp = "The highest value.";
inline constexpr std::string_view kPointsHelp = "Values of the grid, from low to high; used by sampler grid alone.";
}  // namespace detail

struct UniformParameter {
  static constexpr std::string_view kType = "uniform";
  static constexpr std::string_view kHelp = "A number; each is as likely as any other.";
  double low = 0, high = 1;
  int64_t points = 5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = detail::kLowHelp, .required = true});
    visitor.field("high", high, {.help = detail::kHighHelp, .required = true});
    visitor.field("points", points, {.help = detail::kPointsHelp, .min = 2, .max = 1e6});
  }
};

struct LogUniformParameter {
  static constexpr std::string_view kType = "log_uniform";
  static constexpr std::string_view kHelp = "A number; each factor is as likely as any other.";
  double low = 1, high = 2;
  int64_t points = 5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = detail::kLowHelp, .min = 0, .min_excluded = true, .required = true});
    visitor.field("high", high, {.help = detail::kHighHelp, .min = 0, .min_excluded = true, .required = true});
    visitor.field("points", points, {.help = detail::kPointsHelp, .min = 2, .max = 1e6});
  }
};

// The bounds of whole numbers are exact as doubles.
inline constexpr double kMostWhole = 9e15;

struct IntegerParameter {
  static constexpr std::string_view kType = "integer";
  static constexpr std::string_view kHelp = "A whole number; each is as likely as any other.";
  int64_t low = 0, high = 1, points = 5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = detail::kLowHelp, .min = -kMostWhole, .max = kMostWhole, .required = true});
    visitor.field("high", high, {.help = detail::kHighHelp, .min = -kMostWhole, .max = kMostWhole, .required = true});
    visitor.field("points", points, {.help = detail::kPointsHelp, .min = 2, .max = 1e6});
  }
};

struct LogIntegerParameter {
  static constexpr std::string_view kType = "log_integer";
  static constexpr std::string_view kHelp = "A whole number; each factor is as likely as any other.";
  int64_t low = 1, high = 2, points = 5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = detail::kLowHelp, .min = 1, .max = kMostWhole, .required = true});
    visitor.field("high", high, {.help = detail::kHighHelp, .min = 1, .max = kMostWhole, .required = true});
    visitor.field("points", points, {.help = detail::kPointsHelp, .min = 2, .max = 1e6});
  }
};

struct PowerOfTwoParameter {
  static constexpr std::string_view kType = "power_of_two";
  static constexpr std::string_view kHelp = "A power of two, such as a batch; each is as likely as any other.";
  int64_t low = 1, high = 2;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = detail::kLowHelp, .min = 1, .max = kMostWhole, .required = true});
    visitor.field("high", high, {.help = detail::kHighHelp, .min = 1, .max = kMostWhole, .required = true});
  }
};

struct ChoiceParameter {
  static constexpr std::string_view kType = "choice";
  static constexpr std::string_view kHelp = "One of several values, which are written as in a config.";
  std::vector<std::string> values;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("values", values, {.help = "The values; a list or a section is put in quotes.", .required = true});
  }
};

using ParameterKind = std::variant<UniformParameter, LogUniformParameter, IntegerParameter, LogIntegerParameter,
                                   PowerOfTwoParameter, ChoiceParameter>;

struct Parameter : ParameterKind {
  using ParameterKind::variant;
  std::string key;
  std::string read_from;  // where it was read, "space.yaml:12"

  template <class Visitor>
  void describe_common(Visitor& visitor) {
    visitor.field("key", key, {.help = "The setting of the config that varies, such as optimizer.lr.", .required = true});
  }
};

// The value at `part` of the range, 0 <= part < 1, on the parameter's own scale. A number with a fraction is rounded to six
// digits, so that configs stay readable and do not depend on the last bits of a mathematical library.
Values value_at(const Parameter& parameter, double part);

// The number of values in a grid, and value `index` of them, from 0.
int64_t grid_points(const Parameter& parameter);
Values grid_value(const Parameter& parameter, int64_t index);

// Whether a value that somebody else proposes lies in the range and has the right type.
bool allows(const Parameter& parameter, const Values& value);
// "a number from 0.001 to 0.1", "adam or sgd".
std::string describe_range(const Parameter& parameter);

// The extreme values: the lowest and the highest, or all of a choice.
std::vector<Values> extremes(const Parameter& parameter);

bool is_logarithmic(const Parameter& parameter);
bool is_whole(const Parameter& parameter);  // whether all values are whole numbers

// What --set needs: "optimizer.lr=0.01".
std::string setting_of(const std::string& key, const Values& value);

}  // namespace hpcai::search
