#pragma once

#include <H5Cpp.h>

#include <memory>
#include <string>

#include "hpcai/data/hdf5/hdf5_library.h"
#include "hpcai/data/regular_file.h"

// What Hdf5File and Hdf5Array hold open; only their sources include this.
namespace hpcai::data {

struct OpenHdf5File {
  explicit OpenHdf5File(const std::string& file_path) : path(file_path), bytes(file_path) {}
  ~OpenHdf5File() {
    const Hdf5Lock lock;
    file.reset();
  }

  std::string path;
  RegularFile bytes;
  std::unique_ptr<H5::H5File> file;
  bool user_block = false;  // addresses in the file are then not places in it
};

struct OpenHdf5Array {
  ~OpenHdf5Array() {
    const Hdf5Lock lock;
    data_set.reset();
  }

  std::shared_ptr<const OpenHdf5File> file;
  std::unique_ptr<H5::DataSet> data_set;
};

}  // namespace hpcai::data
