#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/data/config.h"

namespace hpcai::data {

// One image of a catalogue.
struct CatalogueRow {
  std::string file;   // relative to the folder
  int64_t label = 0;  // position in Catalogue::class_names
  std::string where;  // "labels.csv:17"
};

struct Catalogue {
  std::vector<std::string> class_names;
  std::vector<CatalogueRow> train, validation, test;
};

// Reads the catalogue of an image folder: labels, splits and, where it has no validation rows, the part of the training
// rows that a hash of (seed, file name) sets aside for validation, so that a file's part does not depend on the others.
// Throws Error{missing_input}; Error{bad_data} with file and line for missing columns, empty cells, unknown labels and
// splits, files named twice, and names that lead out of the folder.
Catalogue read_catalogue(const ImageFolderConfig& config);

}  // namespace hpcai::data
