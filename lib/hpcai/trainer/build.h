#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hpcai/data/dataset.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/loop.h"
#include "hpcai/trainer/training_config.h"

// Maps the config to objects. No other part of the program does this.
namespace hpcai::trainer {

struct Experiment;

// The task of the section `loss`, with the options of the section `evaluation`.
std::unique_ptr<tasks::Task> build_task(const Experiment& experiment);

// Builds the network for samples as `spec` describes, on the group's device and in the memory layout that is fastest there. Batch
// norms are synchronised over the ranks if the config says so; then the group must outlive the model. Throws Error{usage} if the
// network or the task does not fit the samples.
std::shared_ptr<models::Model> build_model(const Experiment& experiment, const data::SampleSpec& spec, distributed::Group& group);

// Makes the batch norms that the config wants to be synchronised over the ranks sum over those of `group`, which must outlive
// their use. build_model() does it; it is needed again with another group.
void synchronise_over(models::Model& model, distributed::Group& group);

// The settings of an evaluation by `world_size` ranks.
EvaluationSettings evaluation_settings(const Experiment& experiment, int world_size);

// All parts of a training, and the settings of its loop.
struct Training {
  data::Splits data;
  // The unlabelled samples of a task that needs such; else null.
  const data::Dataset* unlabelled() const { return further.empty() ? nullptr : further.begin()->second.get(); }
  // The data of Task::further_sources(), by name: both views of each sample, see data::TwoViews.
  std::map<std::string, std::unique_ptr<data::Dataset>, std::less<>> further;
  std::unique_ptr<data::StepLoader> loader;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task;
  std::unique_ptr<optim::Optimizer> optimizer;
  LoopSettings settings;

  // References to the parts for a Loop; the training and `group` must outlive it.
  LoopParts parts(distributed::Group& group) const { return {group, *loader, *model, *task, *optimizer, data.validation.get()}; }
};

// Makes the parts of `training` that depend on the numbers of this rank and of all ranks: the loader, which reads this rank's
// part of each batch, and the settings of evaluations. build() does it; it is needed again with another group.
void divide_among(Training& training, const Experiment& experiment, distributed::Group& group);

// What the parts are for. A check makes no step, so the task computes nothing in advance, which takes seconds for some losses.
enum class Use { training, check };

// Checks the settings, opens the data and builds all parts. Does not communicate with other ranks. Throws Error{usage} for
// settings that contradict each other or the data, and what data::open and build_model throw.
Training build(const Experiment& experiment, distributed::Group& group, Use use = Use::training);

}  // namespace hpcai::trainer
