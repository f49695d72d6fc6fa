#pragma once

#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/tables/catalogue_row.h"
#include "hpcai/data/tables/csv.h"

namespace hpcai::data {

struct Catalogue {
  std::vector<std::string> class_names;
  std::vector<CatalogueRow> train, validation, test;

  std::vector<CatalogueRow>& rows(Split split);
};

// Reads the catalogue of an image folder for a training: labels, splits and, where it has no validation rows, the part of the
// training rows that a hash of (seed, file name) sets aside for validation, so that a file's part does not depend on the
// others. Throws Error{missing_input}; Error{bad_data} with file and line for missing columns, empty cells, unknown labels
// and splits, files named twice, names that lead out of the folder, and where no row is left for training.
Catalogue read_catalogue(const ImageFolderConfig& config);

// Reads it for a trained network: classes and their order are the network's, no row need be for training. Where labels
// are `optional`, the label column may be missing, and a row without a label of the network's classes is unlabelled. Where
// `any_split`, a catalogue without split column gives all its rows for every split, and data.filter, which is about the columns
// of the training's catalogue, is not applied.
struct CatalogueUse {
  const std::vector<std::string>& class_names;
  bool labels_optional = false;
  bool any_split = false;
};
std::vector<CatalogueRow> read_catalogue_rows(const ImageFolderConfig& config, Split split, const CatalogueUse& use);

// All rows of a table that somebody names for a trained network; its file names may lead anywhere.
std::vector<CatalogueRow> read_listed_images(const Csv& csv, const ImageFolderConfig& config, const CatalogueUse& use);

}  // namespace hpcai::data
