#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "commands.h"
#include "hpcai/data/open.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/network/network.h"
#include "hpcai/models/symmetry.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "machine_info.h"

namespace hpcai::app {
namespace {

struct InfoOptions {
  ConfigOptions config;
  bool json = false, system = false;
};

struct Report {
  nlohmann::json info;
  std::string table = {};  // of the layers; empty if the model has none
};

nlohmann::json list_layers(const models::network::Layered& network) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& row : network.rows()) {
    list.push_back({{"name", row.name},
                    {"type", row.kind},
                    {"output_shape", row.output.sizes()},
                    {"parameters", models::network::parameters_of(row)}});
  }
  return list;
}

Report describe_experiment(const trainer::Experiment& experiment) {
  const auto spec = data::spec_of_samples(experiment.data);
  const auto group = distributed::make_single_group();
  const auto model = trainer::build_model(experiment, spec, *group);
  const auto size = models::size_of(*model);
  nlohmann::json info = {{"name", experiment.name},
                         {"model", std::visit([](const auto& config) { return std::string(config.kType); }, experiment.model)},
                         {"parameters", size.values},
                         {"trainable_parameters", size.trainable},
                         {"gradient_mb", static_cast<double>(size.trainable) * 4 / 1e6},
                         {"input_shape", spec.input_shape},
                         {"classes", spec.class_names},
                         {"targets", spec.target_names},
                         {"global_batch", experiment.training.global_batch},
                         {"optimizer", optim::describe_rate(experiment.optimizer, experiment.training.global_batch)},
                         {"learning_rate", optim::base_rate(experiment.optimizer, experiment.training.global_batch).value}};
  if (!experiment.model.weights.empty()) info["weights"] = experiment.model.weights;
  if (const auto symmetry = models::symmetry_of(experiment.model); symmetry != models::Symmetry::none) {
    info["symmetry"] = config::name_of(symmetry);
  }
  info["layers"] = model->layers();
  const auto* network = dynamic_cast<const models::network::Layered*>(model.get());
  if (!network) return {std::move(info)};
  info["layer_table"] = list_layers(*network);
  return {std::move(info), models::network::layer_table(network->rows(), spec.input_shape)};
}

int info(const InfoOptions& options) {
  if (options.system) return tell_system(options.json);
  if (options.config.path.empty()) return tell_machine(options.json);
  const Report report = describe_experiment(options.config.read());
  print_report(report.info, options.json, [&] {
    print_info(report.info);
    if (!report.table.empty()) std::cout << '\n' << report.table;
  });
  return 0;
}

}  // namespace

void add_info(CommandLine& line) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* app = line.app.add_subcommand("info", "Describe what a config trains (sizes, shapes), or this program and machine");
  app->footer(
      "examples: hpcai-train info\n"
      "          hpcai-train info --config configs/waveform/paper.yaml --json\n"
      "          hpcai-train info --system");
  options->config.add_to(*app, false);
  app->add_flag("--system", options->system,
                "Tell what this machine has (processor, memory, MPI, Slurm, CUDA, NCCL), and what does not fit together")
      ->excludes("--config");
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [options] { return info(*options); }; });
}

}  // namespace hpcai::app
