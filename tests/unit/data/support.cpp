#include "support.h"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <numeric>

#include "hpcai/data/sources/image_folder.h"

namespace hpcai::data::test {

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  path_ =
      std::filesystem::temp_directory_path() / ("hpcai-test-data-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

Thrown thrown_by(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what(), error.remedy()};
  }
  return {};
}

ImageFolderConfig image_folder_config(const TemporaryFolder& folder, const std::string& catalogue) {
  std::ofstream(folder / "labels.csv") << catalogue;
  ImageFolderConfig config;
  config.folder = folder.path().string();
  config.split_column = "";
  config.validation_fraction = 0;
  config.image_size = 8;
  config.transform.scaling = PixelScaling::unit;
  return config;
}

void write_array(H5::H5File& file, const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values,
                 const H5::DataType& stored, const H5::DSetCreatPropList& properties) {
  const H5::DataSpace space(static_cast<int>(shape.size()), shape.data());
  file.createDataSet(name, stored, space, properties).write(values.data(), H5::PredType::NATIVE_DOUBLE);
}

void write_waveform_file(const std::filesystem::path& path, hsize_t rows, hsize_t length, const H5::DataType& stored,
                         const H5::DSetCreatPropList& properties) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  std::vector<double> data, labels;
  for (hsize_t r = 0; r < rows; ++r) {
    for (hsize_t t = 0; t < length; ++t) data.push_back(static_cast<double>(100 * r + t));
    labels.insert(labels.end(), {1.0 + static_cast<double>(r), 0.1, -0.2});
  }
  write_array(file, "data", {rows, length}, data, stored, properties);
  write_array(file, "labels", {rows, 3}, labels, H5::PredType::IEEE_F64LE);
}

void write_image_file(const std::filesystem::path& path, hsize_t rows, hsize_t side) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  std::vector<double> images, labels;
  for (hsize_t r = 0; r < rows; ++r) {
    for (hsize_t y = 0; y < side; ++y) {
      for (hsize_t x = 0; x < side; ++x) {
        for (hsize_t c = 0; c < 3; ++c) images.push_back(static_cast<double>((7 * r + 5 * y + 3 * x + c) % 256));
      }
    }
    labels.push_back(static_cast<double>(r % 2));
  }
  write_array(file, "images", {rows, side, side, 3}, images, H5::PredType::STD_U8LE);
  write_array(file, "labels", {rows}, labels, H5::PredType::STD_I32LE);
}

std::vector<float> read_input(const Dataset& dataset, int64_t index, const Draw* draw) {
  std::vector<float> input(static_cast<size_t>(dataset.input_size()));
  dataset.read(index, draw, input.data());
  return input;
}

std::filesystem::path real_data(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(HPCAI_SOURCE_DIR) / ".." / "shared" / "realdata" / name;
  if (std::filesystem::exists(path)) return path;
  WARN("skipped: the real data are not there (" << path.string() << ")");
  return {};
}

}  // namespace hpcai::data::test
