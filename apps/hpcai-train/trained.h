#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/evaluate.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {

// Returns the config of the run in a folder. Throws Error{missing_input} if the folder holds no run.
std::filesystem::path config_of_run(const std::filesystem::path& run);

// Returns the split with this name: train, validation or test.
data::Split split_named(const std::string& name);

// The options of `evaluate` and `predict`: the trained models and the data.
struct TrainedOptions {
  std::vector<std::string> run_dirs;  // at least one; several: an ensemble (ensemble.h)
  std::string checkpoint = "last";
  std::string split = "test";
  std::string input;  // new samples; empty: a split of the experiment's data
  std::vector<std::string> overrides;
  bool calibrated = false;  // with the temperature in the run folder (temperature.h)

  void add_to(CLI::App& app);
  void add_model_to(CLI::App& app);  // without the options that choose data
  // Sets evaluation.posterior_samples, unless the user sets it.
  void draw(int64_t posterior_samples);
  const std::string& data_name() const { return input.empty() ? split : input; }
  TrainedOptions of_run(const std::string& run_dir) const;  // the same for one run
  // The only run. Throws Error{usage} that names `command` if there are several.
  const std::string& only_run(const std::string& command) const;
};

// A trained model from a run folder, with the data of this command.
struct Trained {
  trainer::Experiment experiment;
  std::shared_ptr<distributed::Group> group;  // the networks of an ensemble share that of several ranks
  std::unique_ptr<data::Dataset> dataset;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task;
  trainer::EvaluationSettings settings;
  int64_t step = 0;
  std::string run_dir, checkpoint;
  std::optional<double> temperature;          // of the class probabilities
  std::vector<std::filesystem::path> inputs;  // files that this command and the training read; no output may replace them

  // Whether the model is a density of the targets, and its predictions are summaries of draws.
  bool estimates_densities() const;
  // Whether waveforms can be made from the predictions.
  bool regenerates_waveforms() const;
  // The times of these waveforms. Throws Error{usage} that names `option` if the model predicts none.
  const simulate::TimeGrid& waveform_grid(const std::string& option) const;

  // Throws Error{usage} that names `option` if the task's predictions are no class probabilities.
  void require_probabilities(const std::string& option) const;

  // Measures the quality, without overlaps; all samples must have a truth.
  tasks::EvaluationResult evaluate() { return evaluate(*dataset); }
  tasks::EvaluationResult evaluate(const data::Dataset& samples);
  // Predicts without reading the truth; the result's `target` is undefined.
  metrics::Predictions::Gathered predict(const data::Dataset& samples);

  // The SHA-256 of the file of the weights.
  std::string weights_sha() const;
};

// If the truth of some samples is known, sets `target` of their predictions to it, with data::kUnlabelled or NaN for the others.
void add_truth(const data::Dataset& samples, metrics::Predictions::Gathered& all);

// Returns the config of the first run, with options.overrides. Throws what config_of_run() and config::read() throw.
trainer::Experiment read_experiment(const TrainedOptions& options);

// Loads the model of the first run without any data. Class names, shape and scaling of the samples come from the checkpoint;
// `use` receives them. `group`: the ranks that share the work; null: this process alone. Throws Error{missing_input} if the run
// or the checkpoint does not exist, and for options.calibrated what temperature_of() throws.
Trained load_network(const TrainedOptions& options, bool needs_labels, data::NetworkUse& use,
                     std::shared_ptr<distributed::Group> group = nullptr);

// The group of all ranks of `world`, with the settings of the experiment.
std::shared_ptr<distributed::Group> group_of(const distributed::World& world, const trainer::Experiment& experiment);

// Whether the section `data` of two experiments differs.
bool names_other_data(const trainer::Experiment& a, const trainer::Experiment& b);

// Opens the data that the options choose, for such a network. Throws Error{missing_input} if the split or the input does not
// exist. Throws Error{bad_data} if the data do not fit the network, or if the network needs labels and a sample has none.
std::unique_ptr<data::Dataset> open_chosen(const TrainedOptions& options, const trainer::Experiment& experiment,
                                           const data::NetworkUse& use);

}  // namespace hpcai::app
