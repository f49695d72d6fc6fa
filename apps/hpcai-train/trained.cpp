#include "trained.h"

#include <fmt/format.h>

#include <filesystem>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/checkpoint/copy_tensors.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/open.h"
#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/trainer.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

void copy_weights(models::Model& model, const checkpoint::NamedTensors& saved, const std::string& from) {
  if (const auto missing = checkpoint::copy_tensors(saved, trainer::tensors_of(model))) {
    throw Error(ExitCode::bad_data, fmt::format("{} has no tensor '{}' of the model's shape", from, *missing),
                "The checkpoint belongs to another model than the run's config.yaml describes.");
  }
}

const data::Dataset* choose_split(const data::Splits& data, const std::string& split) {
  const data::Dataset* chosen = split == "train"        ? data.train.get()
                                : split == "validation" ? data.validation.get()
                                                        : data.test.get();
  if (!chosen) {
    throw Error(ExitCode::missing_input, fmt::format("the experiment's data have no {} split", split),
                "Choose another --split, or add it with --set, such as --set data.test=FILE.");
  }
  return chosen;
}

}  // namespace

void TrainedOptions::add_to(CLI::App& app) {
  app.add_option("--run-dir", run_dir, "Folder of the run whose model is used")->type_name("DIR")->required();
  app.add_option("--checkpoint", checkpoint, "last, best, or a checkpoint's folder")->type_name("last|best|DIR");
  app.add_option("--split", split, "Which data: train, validation or test")
      ->type_name("SPLIT")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  app.add_option("--set", overrides, "Change the run's settings, such as --set data.folder=other/images; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

trainer::EvaluationResult Trained::evaluate() { return trainer::evaluate(*group, *model, *loss, *dataset, settings); }

Trained load_trained(const TrainedOptions& options) {
  const fs::path run = options.run_dir;
  if (!fs::exists(run / "config.yaml")) {
    throw Error(ExitCode::missing_input, fmt::format("{} holds no run: there is no config.yaml", printable(run)),
                "Give the folder that a training printed at its end, such as runs/waveform-quickstart.");
  }
  Trained trained;
  trained.experiment = config::read_saved<trainer::Experiment>(run / "config.yaml", options.overrides);
  const bool named = options.checkpoint == "last" || options.checkpoint == "best";
  const fs::path path = named ? run / "checkpoints" / options.checkpoint : fs::path(options.checkpoint);
  const auto loaded = checkpoint::load_checkpoint(path, checkpoint::Parts::model);

  trainer::set_threads(trained.experiment.training, distributed::Placement{});
  trained.group =
      distributed::make_group({}, trained.experiment.distributed, trainer::use_gpu(trained.experiment.training.device));
  trained.data = data::open(trained.experiment.data, 0);
  trained.dataset = choose_split(trained.data, options.split);
  trained.model = trainer::build_model(trained.experiment, trained.dataset->spec(), *trained.group);
  trained.loss = models::make_loss(trained.experiment.loss);
  trained.settings = trainer::evaluation_settings(trained.experiment, 1);
  copy_weights(*trained.model, loaded.state.model, loaded.path.string());
  trained.step = loaded.step;
  trained.checkpoint = loaded.path.string();
  return trained;
}

}  // namespace hpcai::app
