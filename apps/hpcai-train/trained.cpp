#include "trained.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/checkpoint/copy_tensors.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/data/input_files.h"
#include "hpcai/data/open.h"
#include "hpcai/data/wrappers/without_truth.h"
#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/models/conditional_density.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/threads.h"
#include "hpcai/trainer/weights.h"
#include "inputs.h"
#include "temperature.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

void copy_weights(models::Model& model, const checkpoint::NamedTensors& saved, const std::string& from) {
  if (const auto missing = checkpoint::copy_tensors(saved, trainer::tensors_of(model))) {
    throw Error(ExitCode::bad_data, fmt::format("{} has no tensor '{}' of the model's shape and type", from, *missing),
                "The checkpoint belongs to another model than the run's config.yaml describes.");
  }
}

fs::path checkpoint_path(const TrainedOptions& options) {
  const bool named = options.checkpoint == "last" || options.checkpoint == "best" ||
                     (checkpoint::step_of(options.checkpoint) && !path_exists(options.checkpoint));
  return named ? fs::path(options.run_dirs.front()) / "checkpoints" / options.checkpoint : fs::path(options.checkpoint);
}

// The samples that the network expects, as the checkpoint describes them. A checkpoint of an older program has no description;
// then the training's data are opened.
data::SampleSpec sample_spec(const checkpoint::Loaded& loaded, const trainer::Experiment& own) {
  const std::string where = (loaded.path / checkpoint::kStateName).string();
  const auto state = parse_json(read_file(loaded.path / checkpoint::kStateName));
  if (const auto spec = trainer::sample_spec_of(state, where)) return *spec;
  log::info("an older program wrote the checkpoint without class names: those of the training's data are used");
  return data::spec_of_samples(own.data);
}

// The run's config.yaml, all files that the training and the data of this command have, and --input.
std::vector<fs::path> files_of(const TrainedOptions& options, const trainer::Experiment& own, const data::DataConfig& data) {
  auto files = inputs_of(own);
  const auto add = [&](const std::vector<fs::path>& more) { files.insert(files.end(), more.begin(), more.end()); };
  files.push_back(fs::path(options.run_dirs.front()) / "config.yaml");
  add(data::input_files(data));
  if (!options.input.empty()) add(data::input_files(data, options.input));
  return files;
}

}  // namespace

data::Split split_named(const std::string& name) {
  if (name == "train") return data::Split::train;
  return name == "validation" ? data::Split::validation : data::Split::test;
}

namespace {

// The runs in the folder in which `run` would lie.
std::vector<std::string> runs_beside(const fs::path& run) {
  constexpr size_t kMost = 6;
  std::vector<std::string> runs;
  for (const fs::path& entry : list_folder(run.has_parent_path() ? run.parent_path() : fs::path("."))) {
    if (runs.size() < kMost && path_exists(entry / "config.yaml")) runs.push_back(printable(entry));
  }
  return runs;
}

}  // namespace

fs::path config_of_run(const fs::path& run) {
  fs::path config = run / "config.yaml";
  if (path_exists(config)) return config;
  const std::vector<std::string> others = runs_beside(run);
  throw Error(ExitCode::missing_input, fmt::format("{} holds no run: there is no config.yaml", printable(run)),
              others.empty() ? "Give the folder that a training printed at its end, such as runs/waveform-quickstart."
                             : fmt::format("Give the folder that a training printed at its end. There {} {}.",
                                           others.size() == 1 ? "is" : "are", join_words(others, "and")));
}

bool names_other_data(const trainer::Experiment& a, const trainer::Experiment& b) {
  const auto changes = config::differences(a, b);
  return std::any_of(changes.begin(), changes.end(), [](const auto& change) { return change.key.starts_with("data"); });
}

void TrainedOptions::add_model_to(CLI::App& app) {
  app.add_option("--run-dir", run_dirs,
                 "Folder of the run whose model is used; repeated: the class probabilities are averaged over the runs")
      ->type_name("DIR")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--checkpoint", checkpoint, "last, best, the name of one of the run's checkpoints (step-00000123), or a folder")
      ->type_name("last|best|NAME|DIR");
  app.add_option("--set", overrides, "Change the run's settings, such as --set data.folder=other/images; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void TrainedOptions::add_to(CLI::App& app) {
  add_model_to(app);
  auto* of_split = app.add_option("--split", split, "Which of the experiment's data: train, validation or test (default)")
                       ->type_name("SPLIT")
                       ->check(CLI::IsMember({"train", "validation", "test"}));
  app.add_option(
         "--input,--images", input,
         "New samples instead: a folder of images, an image, a list of images (text or CSV), a table, or a file of arrays (HDF5, "
         ".npy, .npz)")
      ->type_name("PATH")
      ->excludes(of_split)
      ->check([](const std::string& path) { return path.empty() ? std::string("is empty") : std::string(); }, "");
  app.add_flag("--calibrated", calibrated, "Use the temperature that evaluate --calibrate has left in the run folder");
}

TrainedOptions TrainedOptions::of_run(const std::string& run_dir) const {
  TrainedOptions one = *this;
  one.run_dirs = {run_dir};
  return one;
}

const std::string& TrainedOptions::only_run(const std::string& command) const {
  if (run_dirs.size() == 1) return run_dirs.front();
  throw Error(ExitCode::usage, fmt::format("{}: --run-dir is given {} times", command, run_dirs.size()),
              "Give one run; an ensemble averages class probabilities.");
}

const simulate::TimeGrid& Trained::waveform_grid(const std::string& option) const {
  if (regenerates_waveforms()) return *dataset->spec().time_grid;
  throw Error(ExitCode::usage, fmt::format("{}: the model of {} predicts no parameters of waveforms", option, printable(run_dir)),
              "It is for trainings with loss.type waveform_mse or waveform_mismatch.");
}

bool Trained::regenerates_waveforms() const { return task->predicts_binaries() && dataset->spec().time_grid.has_value(); }

void TrainedOptions::draw(int64_t posterior_samples) {
  overrides.insert(overrides.begin(), fmt::format("evaluation.posterior_samples={}", posterior_samples));
}

bool Trained::estimates_densities() const { return dynamic_cast<const models::ConditionalDensity*>(model.get()) != nullptr; }

void Trained::require_probabilities(const std::string& option) const {
  if (task->predicts_probabilities()) return;
  throw Error(ExitCode::usage, fmt::format("{}: the model of {} predicts no class probabilities", option, printable(run_dir)),
              "It is for classifications, such as trainings with loss.type cross_entropy.");
}

tasks::EvaluationResult Trained::evaluate(const data::Dataset& samples) {
  return trainer::evaluate(*group, *model, *task, samples, settings);
}

metrics::Predictions::Gathered Trained::predict(const data::Dataset& samples) {
  return trainer::evaluate(*group, *model, *task, data::WithoutTruth(samples), settings).predictions;
}

std::string Trained::weights_sha() const { return checkpoint::read_manifest(checkpoint).files.at(checkpoint::kModelName).sha256; }

void add_truth(const data::Dataset& samples, metrics::Predictions::Gathered& all) {
  at::Tensor truth;
  if (samples.spec().each_step) {
    std::vector<int64_t> sequences = all.index;
    sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
    std::vector<int64_t> places;  // of each row among them
    for (size_t row = 0; row < all.index.size(); ++row) {
      places.push_back(row == 0 ? 0 : places.back() + (all.index[row] == all.index[row - 1] ? 0 : 1));
    }
    const at::Tensor steps = at::tensor(metrics::rows_of_samples(all.index), at::kLong);
    truth = samples.targets(sequences).index({at::tensor(places, at::kLong), steps});
  } else {
    truth = samples.targets(all.index);
  }
  const at::Tensor known = truth.is_floating_point() ? truth.isnan().logical_not() : truth.ne(data::kUnlabelled);
  if (known.any().item<bool>()) all.target = truth;
}

trainer::Experiment read_experiment(const TrainedOptions& options) {
  return config::read<trainer::Experiment>(config_of_run(options.run_dirs.front()), options.overrides);
}

std::shared_ptr<distributed::Group> group_of(const distributed::World& world, const trainer::Experiment& experiment) {
  return distributed::make_group(world, experiment.distributed, trainer::use_gpu(experiment.training.device));
}

Trained load_network(const TrainedOptions& options, bool needs_labels, data::NetworkUse& use,
                     std::shared_ptr<distributed::Group> group) {
  const std::string& run_dir = options.run_dirs.front();
  const fs::path settings = config_of_run(run_dir);
  const auto own = config::read<trainer::Experiment>(settings);
  Trained trained;
  trained.run_dir = run_dir;
  trained.experiment = read_experiment(options);
  const auto loaded = checkpoint::load_checkpoint(checkpoint_path(options), checkpoint::Parts::model);
  use = {sample_spec(loaded, own), !needs_labels, names_other_data(own, trained.experiment)};

  trained.group = group ? std::move(group) : group_of({}, trained.experiment);
  trainer::set_threads(trained.experiment.training, trained.group->placement());
  trained.model = trainer::build_model(trained.experiment, use.spec, *trained.group);
  trained.experiment.evaluation.overlap_samples = 0;  // `evaluate` computes those of all samples itself
  trained.task = trainer::build_task(trained.experiment);
  if (needs_labels) trained.task->prepare(use.spec, trained.group->device());  // for the loss
  trained.settings = trainer::evaluation_settings(trained.experiment, 1);
  copy_weights(*trained.model, loaded.state.model, loaded.path.string());
  trained.step = loaded.step;
  trained.inputs = files_of(options, own, trained.experiment.data);
  trained.checkpoint = loaded.path.string();
  if (options.calibrated) trained.temperature = temperature_of(trained);
  return trained;
}

std::unique_ptr<data::Dataset> open_chosen(const TrainedOptions& options, const trainer::Experiment& experiment,
                                           const data::NetworkUse& use) {
  return options.input.empty() ? data::open_split(experiment.data, split_named(options.split), use)
                               : data::open_input(experiment.data, options.input, use);
}

}  // namespace hpcai::app
