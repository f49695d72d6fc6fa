#include "hpcai/data/input_files.h"

#include <initializer_list>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/data/file_pattern.h"
#include "hpcai/data/hdf5/hdf5_file.h"

namespace hpcai::data {
namespace {

using Paths = std::vector<std::filesystem::path>;

Paths hdf5_files(std::initializer_list<std::string> names) {
  Paths paths;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    try {
      for (const std::string& file : files_of(name)) paths.emplace_back(split_hdf5_name(file).path);
    } catch (const Error&) {  // opening the data tells that no file fits
    }
  }
  return paths;
}

Paths files_in(const SimulatedWaveformsConfig& config) {
  return {config.train.parameters, config.validation.parameters, config.test.parameters};
}
Paths files_in(const NrSurrogate22Config& config) { return hdf5_files({config.file}); }
Paths files_in(const WaveformHdf5Config& config) { return hdf5_files({config.train, config.validation, config.test}); }
Paths files_in(const ImageHdf5Config& config) { return hdf5_files({config.train, config.validation, config.test}); }
Paths files_in(const ImageFolderConfig& config) { return {std::filesystem::path(config.folder) / config.catalogue}; }
Paths files_in(const SimulatedGalaxiesConfig&) { return {}; }
Paths files_in(const SyntheticImagesConfig&) { return {}; }
Paths files_in(const SimulatedStrainConfig&) { return {}; }
Paths files_in(const ArraysConfig& config) {
  Paths paths;
  for (const std::string* name : {&config.file, &config.validation_file, &config.test_file}) {
    if (name->empty()) continue;
    const std::filesystem::path path = split_hdf5_name(*name).path;
    paths.push_back(path);
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) continue;
    std::vector<std::string> arrays = config.inputs;
    arrays.insert(arrays.end(), {config.targets, config.labels, config.group});
    for (const std::string& array : arrays) {
      if (!array.empty()) paths.push_back(path / (array + ".npy"));
    }
  }
  return paths;
}
Paths files_in(const TableConfig& config) { return {config.file, config.validation_file, config.test_file}; }

}  // namespace

Paths input_files(const DataConfig& config) {
  return std::visit([](const auto& source) { return files_in(source); }, config);
}

Paths input_files(const DataConfig& config, const std::filesystem::path& input) {
  Paths paths{split_hdf5_name(input.string()).path};
  if (const auto* folder = std::get_if<ImageFolderConfig>(&config)) paths.push_back(input / folder->catalogue);
  return paths;
}

}  // namespace hpcai::data
