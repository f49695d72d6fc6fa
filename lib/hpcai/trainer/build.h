#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "hpcai/data/dataset.h"
#include "hpcai/data/loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/loss.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/trainer.h"

// From config to objects; nothing else in the program does this.
namespace hpcai::trainer {

// What contradicts itself in an experiment for a world of this size, as far as it can be known without its data. Throws
// Error{usage} with the keys concerned.
void check_consistency(const Experiment& experiment, int world_size);

// Whether the validation split of `data` can show the quality that the experiment is to reach. Throws Error{usage}.
void check_target(const Experiment& experiment, const data::Splits& data);

// Sets the threads of LibTorch for this rank: training.threads, or its share of the cores.
void set_threads(const TrainingConfig& training, const distributed::Placement& placement);

// The time grid of the experiment's waveforms; none for images.
std::optional<simulate::TimeGrid> time_grid(const data::DataConfig& config);

// The model on the group's device, in the memory layout that is fastest there; batch norms are joined over the ranks
// where the config says so.
std::shared_ptr<models::Model> build_model(const Experiment& experiment, const data::SampleSpec& spec, distributed::Group& group);

EvaluationSettings evaluation_settings(const Experiment& experiment, int world_size);

// All parts of a training, and the settings of its trainer.
struct Training {
  data::Splits data;
  std::unique_ptr<data::Loader> loader;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<models::Loss> loss;
  std::unique_ptr<optim::Optimizer> optimizer;
  Settings settings;
  EvaluationSettings evaluation;
  EvaluationConfig target;  // of which Target reads the target_* keys

  Parts parts(distributed::Group& group) const { return {group, *data.train, *loader, *model, *loss, *optimizer}; }
};

// Opens the data and builds everything. Throws what its parts throw.
Training build(const Experiment& experiment, distributed::Group& group);

}  // namespace hpcai::trainer
