#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/data/predictions.h"
#include "trained.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

struct PredictOptions {
  TrainedOptions trained;
  std::string out;
};

std::vector<double> row_major(const at::Tensor& tensor, int64_t columns) {
  const at::Tensor values = tensor.to(at::kDouble).narrow(1, 0, columns).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

// Probabilities and the likeliest class of each sample.
data::PredictionTable class_table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) {
  data::PredictionTable table;
  const auto classes = static_cast<int64_t>(spec.class_names.size());
  table.columns = spec.class_names;
  table.predictions = row_major(all.prediction, classes);
  const at::Tensor likeliest = all.prediction.argmax(1);
  auto names_of = [&](const at::Tensor& labels) {
    std::vector<std::string> names;
    for (int64_t i = 0; i < labels.size(0); ++i)
      names.push_back(spec.class_names[static_cast<size_t>(labels[i].item<int64_t>())]);
    return names;
  };
  table.texts = {{"predicted", names_of(likeliest)}, {"true", names_of(all.target)}};
  return table;
}

data::PredictionTable value_table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) {
  data::PredictionTable table;
  const auto targets = static_cast<int64_t>(spec.target_names.size());
  table.columns = table.truth_columns = spec.target_names;
  table.predictions = row_major(all.prediction, targets);
  table.truth = row_major(all.target, targets);
  return table;
}

int predict(const PredictOptions& options) {
  const fs::path out = options.out;
  const bool hdf5 = out.extension() == ".h5" || out.extension() == ".hdf5";
  if (!hdf5 && out.extension() != ".csv") {
    throw Error(ExitCode::usage, fmt::format("--out {}: the name must end in .csv, .h5 or .hdf5", options.out));
  }
  require_replaceable(out);
  Trained trained = load_trained(options.trained);
  const auto all = trained.evaluate().predictions;
  const auto& spec = trained.dataset->spec();
  data::PredictionTable table = spec.class_names.empty() ? value_table(spec, all) : class_table(spec, all);
  for (const int64_t index : all.index) table.ids.push_back(trained.dataset->id(index));
  if (hdf5) {
    data::write_predictions_hdf5(out, table);
  } else {
    replace_file(out, data::predictions_csv(table));
  }
  log::info("{} predictions of step {} in {}", table.ids.size(), trained.step, options.out);
  return 0;
}

}  // namespace

void add_predict(CommandLine& line) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* app = line.app.add_subcommand("predict", "Write a trained model's predictions for one split of data, with the truth");
  app->footer("example: hpcai-train predict --run-dir runs/galaxy-quickstart --split test --out galaxies.csv");
  options->trained.add_to(*app);
  app->add_option("--out", options->out, "File to write: .csv, or .h5 for HDF5")->type_name("FILE")->required();
  app->callback([&line, options] { line.run = [options] { return predict(*options); }; });
}

}  // namespace hpcai::app
