#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "ensemble.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/process.h"
#include "hpcai/data/predictions.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/simulate/refine.h"
#include "output_name.h"
#include "piecewise.h"
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
  int nproc = 0;
  bool refine = false;
  int64_t refine_steps = simulate::RefineOptions{}.most_steps;
};

void check_out(const std::string& out) { require_ending(out, "--out", {".csv", ".h5", ".hdf5"}); }

void write(const PredictOptions& options, const Ensemble& ensemble, const metrics::Predictions::Gathered& all) {
  const Trained& trained = ensemble.members().front();
  data::PredictionTable table = trained.task->table(trained.dataset->spec(), all);
  if (options.refine) refine_predictions(trained, all, options.refine_steps, table);
  for (const int64_t index : all.index) table.ids.push_back(trained.dataset->id(index));
  if (is_hdf5_name(options.out)) {
    data::write_predictions_hdf5(options.out, table);
  } else {
    write_output(options.out, data::predictions_csv(table));
  }
  runs::record_outputs({options.out});
  log::info("{} predictions of {} in {}", table.ids.size(), ensemble.name(), options.out);
}

// Rank 0 writes what all ranks have predicted.
void predict_and_write(const PredictOptions& options, Ensemble& ensemble) {
  PiecewisePredictions pieces(ensemble, options.out, options.trained.data_name());
  if (!pieces.needed()) return write(options, ensemble, ensemble.predict());
  pieces.run();
  distributed::on_all_ranks(*ensemble.first().group, [&] {
    if (ensemble.first().group->rank() != 0) return;
    remove_abandoned(options.out);
    write(options, ensemble, pieces.gather());
    pieces.remove();
  });
}

void refuse_several_ranks(const std::string& option) {
  throw Error(ExitCode::usage, option + " is for one rank", "Leave --nproc out, and start one process.");
}

int predict(const CommandLine& line, const PredictOptions& options) {
  const auto world = distributed::detect_world(process_environment());
  const bool several = options.nproc > 1 || world.size > 1;
  if (!options.strain.files.empty()) {
    if (several) refuse_several_ranks("--strain");
    if (!options.out.empty()) check_out(options.out);
    return predict_strain(options.trained, options.strain, options.out);
  }
  if (options.out.empty()) throw Error(ExitCode::usage, "--out is required", "Name the file to write: .csv, .h5 or .hdf5.");
  if (several && options.refine) refuse_several_ranks("--refine");
  check_out(options.out);
  const fs::path out = options.out;
  require_output(out, "--out");
  TrainedOptions chosen = options.trained;
  chosen.draw(kPosteriorSamples);
  const int64_t port = read_experiment(chosen).distributed.port;
  if (const auto status = start_ranks(line, options.nproc, port)) return *status;
  Ensemble ensemble(chosen, /*needs_labels=*/false, distributed::detect_world(process_environment(), static_cast<int>(port)));
  Trained& trained = ensemble.first();
  require_output(out, "--out", trained.inputs);
  if (options.refine) trained.waveform_grid("--refine");
  predict_and_write(options, ensemble);
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
      "event.svg\n"
      "          hpcai-train predict --run-dir runs/sdss --nproc 4 --input million-galaxies/ --out catalogue.csv\n"
      "The same command goes on where a killed one was; until the end its parts are in OUT.parts.");
  options->trained.add_to(*app);
  app->add_option("--out", options->out, "File to write: .csv, or .h5 for HDF5; with --strain it may be left out")
      ->type_name("FILE");
  add_nproc(*app, options->nproc);
  auto* refine = app->add_flag(
      "--refine", options->refine,
      "Fit each waveform, from the network's answer on: columns q, s1, s2, chi_eff and mismatch of the fit, then the network's");
  app->add_option("--refine-steps", options->refine_steps, "Most steps of one attempt of --refine")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->needs(refine);
  options->strain.add_to(*app);
  app->callback([&line, options] { line.run = [&line, options] { return predict(line, *options); }; });
}

}  // namespace hpcai::app
