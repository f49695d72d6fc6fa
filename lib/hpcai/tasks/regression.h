#pragma once

#include <memory>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// Which error of a prediction counts.
enum class RegressionKind { squared, absolute, huber, gaussian };
inline config::EnumNames<RegressionKind> enum_names(RegressionKind) {
  return {{RegressionKind::squared, "squared"},
          {RegressionKind::absolute, "absolute"},
          {RegressionKind::huber, "huber"},
          {RegressionKind::gaussian, "gaussian"}};
}

// The task of predicting the numbers that are the targets of the data.
struct RegressionConfig {
  static constexpr std::string_view kType = "regression";
  static constexpr std::string_view kHelp = "Regression of the data's targets, with or without their uncertainty.";
  RegressionKind kind = RegressionKind::squared;
  double delta = 1;
  bool standardise = true;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "kind", kind,
        {.help = "The mean squared error (squared), the mean absolute error (absolute), squared below delta and absolute "
                 "above (huber), or the negative logarithm of a normal density whose mean and variance are predicted "
                 "(gaussian)."});
    visitor.field("delta", delta,
                  {.help = "For huber: the error at which the square ends; in deviations of the target with standardise.",
                   .min = 0,
                   .min_excluded = true});
    visitor.field("standardise", standardise,
                  {.help = "Learn each target in units of its standard deviation in the training data, so that all weigh alike; "
                           "predictions are in the targets' units. Otherwise the loss is in these units."});
  }
};

// The regression task.
std::unique_ptr<Task> make(const RegressionConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
