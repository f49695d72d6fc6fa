#include "inputs.h"

#include "hpcai/data/input_files.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"

namespace hpcai::app {

std::vector<std::filesystem::path> inputs_of(const trainer::Experiment& experiment) {
  std::vector<std::filesystem::path> files;
  const auto add = [&](const std::vector<std::filesystem::path>& more) { files.insert(files.end(), more.begin(), more.end()); };
  add(data::input_files(experiment.data));
  for (const trainer::SourceConfig& source : experiment.sources) {
    add(data::input_files(source.data));
    if (!source.labels.empty()) files.emplace_back(source.labels);
  }
  add(trainer::weight_files(experiment.model));
  return files;
}

std::vector<std::filesystem::path> inputs_of(const ConfigOptions& options, const trainer::Experiment& experiment) {
  auto files = inputs_of(experiment);
  files.emplace_back(options.path);
  return files;
}

}  // namespace hpcai::app
