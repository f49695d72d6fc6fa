#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/tasks/adaptation.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/density.h"
#include "hpcai/tasks/dirichlet_multinomial.h"
#include "hpcai/tasks/metric.h"
#include "hpcai/tasks/multilabel.h"
#include "hpcai/tasks/options.h"
#include "hpcai/tasks/regression.h"
#include "hpcai/tasks/waveform_mismatch.h"
#include "hpcai/tasks/waveform_regression.h"

namespace hpcai::tasks {

// The section `loss`: the tasks that a config can choose. A new task adds its config struct to this variant and defines a
// function make() for the struct.
using TaskConfig = std::variant<WaveformRegressionConfig, WaveformMismatchConfig, ClassificationConfig, DensityConfig,
                                AdaptationConfig, DirichletMultinomialConfig, RegressionConfig, MultilabelConfig>;

// The task that `config` chooses.
std::unique_ptr<Task> make_task(const TaskConfig& config, const EvaluationOptions& options = {});

// The metrics of all tasks, each once.
std::vector<Metric> all_metrics();

// A setting that names one of all_metrics(), or none. Value 0 is none; value i + 1 is all_metrics()[i].
enum class MetricChoice : int { none };
// The names that a config accepts: "none" and the names of all metrics.
config::EnumNames<MetricChoice> enum_names(MetricChoice);

// The chosen metric. Throws std::out_of_range for none.
Metric metric_of(MetricChoice choice);

}  // namespace hpcai::tasks
