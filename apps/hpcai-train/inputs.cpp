#include "inputs.h"

#include "hpcai/data/input_files.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {

std::vector<std::filesystem::path> inputs_of(const ConfigOptions& options, const trainer::Experiment& experiment) {
  auto files = data::input_files(experiment.data);
  files.emplace_back(options.path);
  return files;
}

}  // namespace hpcai::app
