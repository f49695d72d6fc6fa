#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hpcai/tasks/task.h"

namespace hpcai::tasks {

// The time steps of the rows of predictions for each step.
inline data::PredictionTable::NumberColumn step_column(const metrics::Predictions::Gathered& all) {
  const std::vector<int64_t> steps = metrics::rows_of_samples(all.index);
  return {"step", {steps.begin(), steps.end()}};
}

// Task::table() of a task that predicts the targets of `spec`, with the truth if it is known. `columns`: what the predictions
// [sample, >= columns] are called.
inline data::PredictionTable target_table(const data::SampleSpec& spec, std::vector<std::string> columns,
                                          const metrics::Predictions::Gathered& all) {
  data::PredictionTable table;
  table.columns = std::move(columns);
  table.predictions = row_major(all.prediction, static_cast<int64_t>(table.columns.size()));
  if (spec.each_step) table.numbers.push_back(step_column(all));
  if (!all.target.defined()) return table;
  table.truth_columns = spec.target_names;
  table.truth = row_major(all.target, static_cast<int64_t>(spec.target_names.size()));
  return table;
}

}  // namespace hpcai::tasks
