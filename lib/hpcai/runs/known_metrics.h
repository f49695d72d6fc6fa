#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hpcai/core/json.h"

// The metrics of the tasks (tasks::all_metrics()) by name. A test compares the two lists. This one needs no LibTorch.
namespace hpcai::runs {

// Whether a higher value of a metric is better. `key` may be a path: "validation.accuracy". Nothing for a number that is no
// metric.
std::optional<bool> is_higher_better(std::string_view key);

// Returns the name of the metric of an evaluation by which people judge a run, such as "accuracy", and "loss" where there is none
// of the task's own; empty if the evaluation has no known metric.
std::string main_metric(const nlohmann::json& evaluation);

}  // namespace hpcai::runs
