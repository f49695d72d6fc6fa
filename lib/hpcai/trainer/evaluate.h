#pragma once

#include <cstdint>
#include <string>

#include "hpcai/data/dataset.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/model.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

struct EvaluationSettings {
  Precision precision = Precision::fp32;
  int64_t global_batch = 32;  // samples at once, over all ranks
  data::LoaderConfig loader;
};

// Throws, on all ranks alike, Error{diverged} unless the loss of this evaluation is finite. `what`: such as "validation".
void require_finite(const tasks::EvaluationResult& result, const std::string& what);

// Evaluates a whole split, every sample once, in evaluation mode; the model returns to its former mode. The result is
// the same on all ranks.
tasks::EvaluationResult evaluate(distributed::Group& group, models::Model& model, const tasks::Task& task,
                                 const data::Dataset& dataset, const EvaluationSettings& settings);

}  // namespace hpcai::trainer
