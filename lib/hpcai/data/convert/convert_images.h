#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/progress.h"

namespace hpcai::data {

struct ConvertSettings {
  std::filesystem::path out;
  std::vector<Split> splits = {Split::train, Split::validation, Split::test};
  int64_t shards = 1;
  bool resume = false;
  int threads = 0;  // 0 = all cores
};

struct Converted {
  std::vector<std::pair<std::string, int64_t>> images;                   // of each split
  int64_t made = 0, kept = 0;                                            // images of this run, and of earlier ones
  std::vector<std::pair<std::filesystem::path, std::string>> digests{};  // of the files: SHA-256
};

// Writes the images of a source as files of type image_hdf5: groups train, validation and test, of those that there are, with
// images [n, height, width, 3] uint8, labels [n] and ids [n]; class_names as attributes of the file and the groups. The bytes are
// those that a training reads, before scaling and augmentation; the order is that of the splits. Shard i (shards.h) has the i-th
// part of each split. FILE.sha256 beside each file holds its digest as sha256sum writes it.
//
// Memory holds one image a thread. With `resume`, files that are whole stay and a partial file is completed (partial_hdf5.h); the
// bytes do not depend on that, nor on threads. Throws what open() throws; Error{usage} for a source of other data, no split or
// more shards than images of a split; Error{bad_data} for the first image that cannot be read; Error{cannot_write}, also if
// another process writes the same file; Error{cannot_resume} for files that were made otherwise.
Converted convert_images(const DataConfig& config, const ConvertSettings& settings, const Progress& progress);

}  // namespace hpcai::data
