#pragma once

#include <memory>
#include <string_view>

#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The task of finding the probability density of the targets of a sample, by maximum likelihood (neural posterior estimation:
// Papamakarios, Murray 2016; Green, Simpson, Gair 2020). The model is a models::ConditionalDensity.
struct DensityConfig {
  static constexpr std::string_view kType = "density";
  static constexpr std::string_view kHelp =
      "Conditional density: the negative log density of the targets, relative to a uniform one in their ranges.";

  template <class Visitor>
  void describe(Visitor&) {}
};

// The density task. `options` must hold the settings of the section `evaluation`.
std::unique_ptr<Task> make(const DensityConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
