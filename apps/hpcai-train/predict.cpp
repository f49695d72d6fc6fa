#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "ensemble.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/data/predictions.h"
#include "hpcai/simulate/refine.h"
#include "predict_strain.h"
#include "refine_predictions.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPosteriorSamples = 1000;  // of each sample, of a model of densities

struct PredictOptions {
  TrainedOptions trained;
  StrainOptions strain;
  std::string out;
  bool refine = false;
  int64_t refine_steps = simulate::RefineOptions{}.most_steps;
};

bool is_hdf5(const fs::path& out) { return out.extension() == ".h5" || out.extension() == ".hdf5"; }

void check_out(const std::string& out) {
  if (is_hdf5(out) || fs::path(out).extension() == ".csv") return;
  throw Error(ExitCode::usage, fmt::format("--out {}: the name must end in .csv, .h5 or .hdf5", out));
}

int predict(const PredictOptions& options) {
  if (!options.strain.files.empty()) {
    if (!options.out.empty()) check_out(options.out);
    return predict_strain(options.trained, options.strain, options.out);
  }
  if (options.out.empty()) throw Error(ExitCode::usage, "--out is required", "Name the file to write: .csv, .h5 or .hdf5.");
  check_out(options.out);
  const fs::path out = options.out;
  require_output(out, "--out");
  TrainedOptions chosen = options.trained;
  chosen.draw(kPosteriorSamples);
  Ensemble ensemble(chosen, /*needs_labels=*/false);
  Trained& trained = ensemble.first();
  require_output(out, "--out", trained.inputs);
  if (options.refine) trained.waveform_grid("--refine");
  const auto all = ensemble.predict();
  data::PredictionTable table = trained.task->table(trained.dataset->spec(), all);
  if (options.refine) refine_predictions(trained, all, options.refine_steps, table);
  for (const int64_t index : all.index) table.ids.push_back(trained.dataset->id(index));
  if (is_hdf5(out)) {
    data::write_predictions_hdf5(out, table);
  } else {
    write_output(out, data::predictions_csv(table));
  }
  log::info("{} predictions of {} in {}", table.ids.size(), ensemble.name(), options.out);
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
      "          hpcai-train predict --run-dir runs/waveform-quickstart --split test --refine --out parameters.csv\n"
      "          hpcai-train predict --run-dir runs/galaxy-quickstart --split test --out galaxies.csv\n"
      "          hpcai-train predict --run-dir runs/sdss-1 --run-dir runs/sdss-2 --calibrated --input new-galaxies/ --out "
      "new.csv\n"
      "          hpcai-train predict --run-dir runs/posterior --strain H1.hdf5 --strain L1.hdf5 --gps 1126259462.4 --corner "
      "event.svg");
  options->trained.add_to(*app);
  app->add_option("--out", options->out, "File to write: .csv, or .h5 for HDF5; with --strain it may be left out")
      ->type_name("FILE");
  auto* refine = app->add_flag(
      "--refine", options->refine,
      "Fit each waveform, from the network's answer on: columns q, s1, s2, chi_eff and mismatch of the fit, then the network's");
  app->add_option("--refine-steps", options->refine_steps, "Most steps of one attempt of --refine")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->needs(refine);
  options->strain.add_to(*app);
  app->callback([&line, options] { line.run = [options] { return predict(*options); }; });
}

}  // namespace hpcai::app
