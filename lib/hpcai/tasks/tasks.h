#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/metric.h"
#include "hpcai/tasks/options.h"
#include "hpcai/tasks/waveform_regression.h"

namespace hpcai::tasks {

// The section `loss`: everything that can be learnt. A new task is a struct here, and a function make() for it.
using TaskConfig = std::variant<WaveformRegressionConfig, ClassificationConfig>;

std::unique_ptr<Task> make_task(const TaskConfig& config, const EvaluationOptions& options = {});

// The metrics of all tasks, each once.
std::vector<Metric> all_metrics();

// A setting that names one of all_metrics(), or none. Its values are none and, one above their places there, the metrics.
enum class MetricChoice : int { none };
config::EnumNames<MetricChoice> enum_names(MetricChoice);

// The metric of a choice that is not none.
Metric metric_of(MetricChoice choice);
// The choice of that name; throws std::invalid_argument if there is none.
MetricChoice metric_choice(std::string_view name);

}  // namespace hpcai::tasks
