#pragma once

#include <H5Cpp.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {
struct ImageFolderConfig;
}

namespace hpcai::data::test {

// A folder that is there for one test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What `action` throws as Error.
struct Thrown {
  ExitCode code = ExitCode::done;
  std::string what;
  std::string remedy;
};
Thrown thrown_by(const std::function<void()>& action);

// Writes the catalogue beside the images; all rows are training images, of side 8, scaled to 0..1.
ImageFolderConfig image_folder_config(const TemporaryFolder& folder, const std::string& catalogue);

// HDF5 files written with the library itself, independently of our writer.
void write_array(H5::H5File& file, const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values,
                 const H5::DataType& stored, const H5::DSetCreatPropList& properties = H5::DSetCreatPropList::DEFAULT);
// data [rows, length] with data[r, t] = 100 r + t and labels [rows, 3] = 1 + r, 0.1, -0.2.
void write_waveform_file(const std::filesystem::path& path, hsize_t rows, hsize_t length, const H5::DataType& stored,
                         const H5::DSetCreatPropList& properties = H5::DSetCreatPropList::DEFAULT);
// images [rows, side, side, 3] with byte (7 r + 5 y + 3 x + c) mod 256 and labels r mod 2.
void write_image_file(const std::filesystem::path& path, hsize_t rows, hsize_t side);

std::vector<float> read_input(const Dataset& dataset, int64_t index, const Draw* draw = nullptr);

// Where the project's shared real data lie; empty, with a warning, where they are absent.
std::filesystem::path real_data(const std::string& name);

}  // namespace hpcai::data::test
