#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

// models::dropout, whose masks are a function of seed, step, sample and layer.
struct DropoutLayer {
  static constexpr std::string_view kType = "dropout";
  static constexpr std::string_view kHelp = "Sets values to 0 in training, and scales the others up.";
  static constexpr std::string_view kMainKey = "rate";
  double rate = 0.5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("rate", rate,
                  {.help = "Part of the values set to 0.", .min = 0, .max = 1, .max_excluded = true, .required = true});
  }
};

Plan plan(const DropoutLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
