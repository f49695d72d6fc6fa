#pragma once

#include <memory>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The task of finding which of several labels a sample has: any number of them.
struct MultilabelConfig {
  static constexpr std::string_view kType = "binary_cross_entropy";
  static constexpr std::string_view kHelp = "Several labels a sample: the mean over the labels of the binary cross entropy.";

  template <class Visitor>
  void describe(Visitor&) {}
};

// The task of several labels.
std::unique_ptr<Task> make(const MultilabelConfig& config, const EvaluationOptions& options);

}  // namespace hpcai::tasks
