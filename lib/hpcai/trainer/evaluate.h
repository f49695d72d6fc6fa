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
  int64_t global_batch = 32;  // samples of one forward pass, over all ranks
  // The same bits for any number of ranks: the samples of a pass do not depend on it, and a CPU rank computes on one thread.
  bool deterministic = false;
  data::LoaderConfig loader;
};

// Throws Error{diverged} on all ranks if the loss of this evaluation is not finite. `what` names the split: "validation".
void require_finite(const tasks::EvaluationResult& result, const std::string& what);

// Evaluates every sample of a split once, with the model in evaluation mode. Restores the former mode of the model. Every rank
// calls this function and receives the same result.
tasks::EvaluationResult evaluate(distributed::Group& group, models::Model& model, const tasks::Task& task,
                                 const data::Dataset& dataset, const EvaluationSettings& settings);

}  // namespace hpcai::trainer
