#pragma once

#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "hpcai/data/dataset.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {

// Which trained model, and on which data: the options of evaluate and predict.
struct TrainedOptions {
  std::string run_dir;
  std::string checkpoint = "last";
  std::string split = "test";
  std::string input;  // new samples; empty: a split of the experiment's data
  std::vector<std::string> overrides;

  void add_to(CLI::App& app);
  const std::string& data_name() const { return input.empty() ? split : input; }
};

// A model from a run folder, with the data that it is to be used on.
struct Trained {
  trainer::Experiment experiment;
  std::unique_ptr<distributed::Group> group;
  std::unique_ptr<data::Dataset> dataset;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task;
  trainer::EvaluationSettings settings;
  int64_t step = 0;
  std::string checkpoint;

  // With the truth, which all samples must have.
  tasks::EvaluationResult evaluate();
  // Without it; `target` is the truth where some sample's is known, with data::kUnlabelled or NaN for the others.
  metrics::Predictions::Gathered predict();
};

// Opens only the data that are used. Their class names, shape and scaling are those that the checkpoint tells of the
// training. Throws Error{missing_input} if there is no such run, checkpoint, split or input; Error{bad_data} if the data are
// not such as the network was trained with, or where `needs_labels` and a sample has none.
Trained load_trained(const TrainedOptions& options, bool needs_labels);

}  // namespace hpcai::app
