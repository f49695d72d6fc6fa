#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/tasks/class_weights.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The task of assigning each sample to one of several classes.
struct ClassificationConfig {
  static constexpr std::string_view kType = "cross_entropy";
  static constexpr std::string_view kHelp = "Classification: the cross entropy of the class scores.";
  double label_smoothing = 0;
  ClassWeighting class_weights = ClassWeighting::none;
  std::vector<ClassWeight> weights = {};
  double mixup = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "label_smoothing", label_smoothing,
        {.help = "Part of the target probability spread evenly over all classes.", .min = 0, .max = 1, .max_excluded = true});
    describe_class_weights(visitor, class_weights, weights);
    visitor.field(
        "mixup", mixup,
        {.help = "Mixup (Zhang et al. 2018): each training sample is mixed with another one, and so are their labels, in "
                 "parts x and 1 - x drawn from Beta(mixup, mixup); 0 = none, 0.2 is usual.",
         .min = 0,
         .max = 100});
  }
};

// The classification task. `options` must hold the settings of the section `evaluation`.
std::unique_ptr<Task> make(const ClassificationConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
