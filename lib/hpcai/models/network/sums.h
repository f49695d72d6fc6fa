#pragma once

#include <string>

#include "hpcai/config/field.h"
#include "hpcai/models/network/planner.h"

// Sums over layers that lie apart, as the skips of a WaveNet.
namespace hpcai::models::network {

struct AddToLayer {
  static constexpr std::string_view kType = "add_to";
  static constexpr std::string_view kHelp = "Adds its input to a sum that `take` gives later, and passes it on unchanged.";
  static constexpr std::string_view kMainKey = "sum";
  std::string sum;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("sum", sum, {.help = "Name of the sum.", .required = true});
  }
};

struct TakeLayer {
  static constexpr std::string_view kType = "take";
  static constexpr std::string_view kHelp =
      "The sum of what the layers `add_to` in front of it have added; its own input is dropped.";
  static constexpr std::string_view kMainKey = "sum";
  std::string sum;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("sum", sum, {.help = "Name of the sum.", .required = true});
  }
};

Plan plan(const AddToLayer& config, const Shape& input, Planner& planner);
Plan plan(const TakeLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
