#include "inputs.h"

#include "hpcai/data/input_files.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"

namespace hpcai::app {

std::vector<std::filesystem::path> inputs_of(const ConfigOptions& options, const trainer::Experiment& experiment) {
  auto files = data::input_files(experiment.data);
  for (const trainer::SourceConfig& source : experiment.sources) {
    const auto more = data::input_files(source.data);
    files.insert(files.end(), more.begin(), more.end());
    if (!source.labels.empty()) files.emplace_back(source.labels);
  }
  const auto weights = trainer::weight_files(experiment.model);
  files.insert(files.end(), weights.begin(), weights.end());
  files.emplace_back(options.path);
  return files;
}

}  // namespace hpcai::app
