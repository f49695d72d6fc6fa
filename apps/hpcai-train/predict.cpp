#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/data/predictions.h"
#include "trained.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

struct PredictOptions {
  TrainedOptions trained;
  std::string out;
};

int predict(const PredictOptions& options) {
  const fs::path out = options.out;
  const bool hdf5 = out.extension() == ".h5" || out.extension() == ".hdf5";
  if (!hdf5 && out.extension() != ".csv") {
    throw Error(ExitCode::usage, fmt::format("--out {}: the name must end in .csv, .h5 or .hdf5", options.out));
  }
  require_output(out, "--out");
  Trained trained = load_trained(options.trained, /*needs_labels=*/false);
  require_output(out, "--out", trained.inputs);
  const auto all = trained.predict();
  data::PredictionTable table = trained.task->table(trained.dataset->spec(), all);
  for (const int64_t index : all.index) table.ids.push_back(trained.dataset->id(index));
  if (hdf5) {
    data::write_predictions_hdf5(out, table);
  } else {
    write_output(out, data::predictions_csv(table));
  }
  log::info("{} predictions of step {} in {}", table.ids.size(), trained.step, options.out);
  return 0;
}

}  // namespace

void add_predict(CommandLine& line) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* app = line.app.add_subcommand(
      "predict",
      "Write a trained model's predictions for new samples or for one split of its data, with the truth where it is known");
  app->footer(
      "examples: hpcai-train predict --run-dir runs/galaxy-quickstart --input new-galaxies/ --out new-galaxies.csv\n"
      "          hpcai-train predict --run-dir runs/waveform-quickstart --input strain.h5 --out parameters.h5\n"
      "          hpcai-train predict --run-dir runs/galaxy-quickstart --split test --out galaxies.csv");
  options->trained.add_to(*app);
  app->add_option("--out", options->out, "File to write: .csv, or .h5 for HDF5")->type_name("FILE")->required();
  app->callback([&line, options] { line.run = [options] { return predict(*options); }; });
}

}  // namespace hpcai::app
