#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "hpcai/data/dataset.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/training_config.h"
#include "hpcai/trainer/loop.h"

// From config to objects; nothing else in the program does this.
namespace hpcai::trainer {

struct Experiment;

// Sets the threads of LibTorch for this rank: training.threads, or its share of the cores.
void set_threads(const TrainingConfig& training, const distributed::Placement& placement);

// What the experiment learns.
std::unique_ptr<tasks::Task> build_task(const Experiment& experiment);

// The model on the group's device, in the memory layout that is fastest there; batch norms are joined over the ranks
// where the config says so.
std::shared_ptr<models::Model> build_model(const Experiment& experiment, const data::SampleSpec& spec, distributed::Group& group);

EvaluationSettings evaluation_settings(const Experiment& experiment, int world_size);

// All parts of a training, and the settings of its loop.
struct Training {
  data::Splits data;
  std::unique_ptr<data::StepLoader> loader;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task;
  std::unique_ptr<optim::Optimizer> optimizer;
  LoopSettings settings;

  LoopParts parts(distributed::Group& group) const { return {group, *loader, *model, *task, *optimizer, data.validation.get()}; }
};

// Opens the data and builds everything. Throws what its parts throw.
Training build(const Experiment& experiment, distributed::Group& group);

}  // namespace hpcai::trainer
