#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "commands.h"
#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/config/field.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/version.h"
#include "hpcai/models/import/export_names.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/trainer/weights.h"
#include "trained.h"

namespace hpcai::app {
namespace {

const std::map<std::string, models::ExportNames> kNames = {
    {"own", models::ExportNames::own}, {"timm", models::ExportNames::timm}, {"torchvision", models::ExportNames::torchvision}};

struct ExportOptions {
  TrainedOptions trained;
  std::string names;  // empty: the usual ones
  std::string out;
};

std::string export_name(models::ExportNames names) {
  for (const auto& [name, value] : kNames) {
    if (value == names) return name;
  }
  return "";
}

// What a reader of the file needs beside the tensors. safetensors stores texts only, so lists are JSON.
checkpoint::Metadata metadata_of(const Trained& trained, const data::SampleSpec& spec, models::ExportNames names) {
  const models::ModelConfig& model = trained.experiment.model;
  checkpoint::Metadata metadata = {{"format", "pt"},
                                   {"program", fmt::format("hpcai-train {}", kVersion)},
                                   {"run", trained.experiment.name},
                                   {"step", std::to_string(trained.step)},
                                   {"model", std::visit([](const auto& chosen) { return std::string(chosen.kType); }, model)},
                                   {"names", export_name(names)},
                                   {"input_shape", json_text(nlohmann::json(spec.input_shape))},
                                   {"scaling", spec.scaling},
                                   {"classes", json_text(nlohmann::json(spec.class_names))},
                                   {"targets", json_text(nlohmann::json(spec.target_names))}};
  if (const auto* xception = std::get_if<models::XceptionConfig>(&model)) {
    metadata["implementation"] = config::name_of(xception->implementation);
  }
  return metadata;
}

int export_weights(const ExportOptions& options) {
  require_output(options.out, "--out");
  TrainedOptions chosen = options.trained;
  chosen.overrides.emplace_back("training.device=cpu");
  data::NetworkUse use;
  const Trained trained = load_network(chosen, /*needs_labels=*/false, use);
  require_output(options.out, "--out", trained.inputs);
  const auto names = options.names.empty() ? models::usual_export_names(trained.experiment.model) : kNames.at(options.names);
  const NamedTensors tensors = models::with_export_names(trained.experiment.model, trainer::tensors_of(*trained.model), names);
  const checkpoint::SafetensorsImage image(tensors, metadata_of(trained, use.spec, names));
  std::string content;
  content.reserve(image.size());
  for (const std::string_view part : image.parts()) content += part;
  write_output(options.out, content);
  runs::record_outputs({options.out});
  log::info("{} tensors of step {} with the names of {} in {}", tensors.size(), trained.step,
            names == models::ExportNames::own ? "hpcai-train" : export_name(names), options.out);
  return 0;
}

}  // namespace

void add_export(CommandLine& line) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* app =
      line.app.add_subcommand("export", "Write a trained model's weights for PyTorch: safetensors, with timm's names");
  app->footer(
      "scripts/load_weights.py loads the file into a network of timm or torchvision.\n"
      "example: hpcai-train export --run-dir runs/galaxy-quickstart --checkpoint best --out galaxy.safetensors");
  app->add_option("--run-dir", options->trained.run_dirs, "Folder of the run whose model is written")
      ->type_name("DIR")
      ->required()
      ->expected(1);
  app->add_option("--checkpoint", options->trained.checkpoint,
                  "last, best, the name of one of the run's checkpoints (step-00000123), or a folder")
      ->type_name("last|best|NAME|DIR");
  app->add_option("--out", options->out, "File to write")->type_name("FILE.safetensors")->required();
  app->add_option("--names", options->names,
                  "Whose names the tensors get: own, timm (default for xception and resnet50) or torchvision")
      ->type_name("NAMES")
      ->check(CLI::IsMember({"own", "timm", "torchvision"}));
  app->callback([&line, options] { line.run = [options] { return export_weights(*options); }; });
}

}  // namespace hpcai::app
