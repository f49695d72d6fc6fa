#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_array.h"
#include "hpcai/data/image_set.h"

namespace hpcai::data {

// The images of one HDF5 file.
struct StoredImages {
  Hdf5Array images;  // [n, height, width, 3] uint8
  std::vector<int64_t> labels;
  std::vector<std::string> ids;  // empty: the number of the row
};

// The images of files one after the other, resized to [height, width] where they are stored in another size. `target_names`: of
// votes, which are not known. Throws std::invalid_argument as ImageSet does.
std::unique_ptr<ImageSet> make_stored_images(std::vector<StoredImages> files, std::vector<std::string> class_names,
                                             int64_t height, int64_t width, std::vector<std::string> target_names = {});

}  // namespace hpcai::data
