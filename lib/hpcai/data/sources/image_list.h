#pragma once

#include <filesystem>
#include <vector>

#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/tables/catalogue.h"
#include "hpcai/data/tables/catalogue_row.h"

namespace hpcai::data {

// Whether a file begins as a JPEG, PNG or FITS file does. Throws Error{missing_input}.
bool is_image_file(const std::filesystem::path& path);

// Images named in a text.
struct ImageList {
  std::filesystem::path folder;  // to which the names are relative
  std::vector<CatalogueRow> rows;
};

// Reads a table with a column of file names (columns are called as `reading` says; a label column may be there), or a text
// with one file name a line. Names may lead anywhere. Throws what Csv throws; Error{bad_data} for a text that is neither,
// and for labels that are missing or unknown unless use.labels_optional.
ImageList read_image_list(const std::filesystem::path& list, const ImageFolderConfig& reading, const CatalogueUse& use);

}  // namespace hpcai::data
