#pragma once

#include <memory>
#include <string>

#include "commands.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/evaluate.h"

namespace hpcai::app {

// Which trained model, and on which data: the options of evaluate and predict.
struct TrainedOptions {
  std::string run_dir;
  std::string checkpoint = "last";
  std::string split = "test";
  std::vector<std::string> overrides;

  void add_to(CLI::App& app);
};

// A model from a run folder, with one split of data.
struct Trained {
  trainer::Experiment experiment;
  std::unique_ptr<distributed::Group> group;
  data::Splits data;
  const data::Dataset* dataset = nullptr;  // the chosen split
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task;
  trainer::EvaluationSettings settings;
  int64_t step = 0;
  std::string checkpoint;

  tasks::EvaluationResult evaluate();
};

// Throws Error{missing_input} if there is no such run, checkpoint or split.
Trained load_trained(const TrainedOptions& options);

}  // namespace hpcai::app
