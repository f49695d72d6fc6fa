#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/checkpoint/config.h"
#include "hpcai/config/bind.h"
#include "hpcai/config/field.h"
#include "hpcai/data/config.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/distributed/config.h"
#include "hpcai/optim/config.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/evaluation_config.h"
#include "hpcai/trainer/model_section.h"
#include "hpcai/trainer/source_config.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// The content of a config file: the config structs of the modules, one for each section. Headers declare it unless they
// hold one, and a source that needs one section takes that section, so that an edit of one section compiles few sources.
struct Experiment {
  std::string name = "experiment";
  data::DataConfig data;
  std::vector<SourceConfig> sources;
  data::LoaderConfig loader;
  ModelSection model;
  tasks::TaskConfig task;
  optim::OptimizerConfig optimizer;
  optim::ScheduleConfig schedule;
  TrainingConfig training;
  EvaluationConfig evaluation;
  distributed::DistributedConfig distributed;
  checkpoint::CheckpointConfig checkpoint;

  // The number of passes in which each of `ranks` ranks computes its part of a step.
  int64_t passes(int64_t ranks) const {
    return distributed.deterministic_shards > 0 ? distributed.deterministic_shards / ranks : training.accumulation;
  }

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("name", name, {.help = "Of the run; its folder is runs/<name> unless --run-dir says otherwise.", .local = true});
    v.field("data", data, {.help = "Where the samples come from.", .required = true});
    v.field("sources", sources, {.help = "Further data: unlabelled samples of another survey, or more training samples."});
    v.field("loader", loader, {.help = "How samples are read ahead."});
    v.field("model", model, {.help = "The network.", .required = true});
    v.field("loss", task, {.help = "What is learnt: the loss, and with it metrics and predictions.", .required = true});
    v.field("optimizer", optimizer, {.help = "The update rule."});
    v.field("schedule", schedule, {.help = "The learning rate over time, as a factor of optimizer.lr."});
    v.field("training", training, {.help = "How long, in which batches, with which arithmetic."});
    v.field("evaluation", evaluation, {.help = "How quality is measured."});
    v.field("distributed", distributed, {.help = "How ranks find each other and exchange gradients."});
    v.field("checkpoint", checkpoint, {.help = "When the whole state is saved."});
  }
};

}  // namespace hpcai::trainer

// Compiled once, in experiment.cpp: a unit that reads or writes whole experiments would take half a minute longer.
namespace hpcai::config {
extern template Section describe(trainer::Experiment& object);
extern template Json store(trainer::Experiment& value);
extern template void load(trainer::Experiment& value, const Json& json);
}  // namespace hpcai::config
