#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/tables/catalogue_row.h"

namespace hpcai::data {

// The image files of these rows, which lie in config.folder, cropped and scaled as the config says; null without rows. The
// headers of all files, or of an even choice of 100,000, are read. Throws Error{missing_input} if files are missing,
// Error{bad_data} if they cannot be used, naming the first five. `split` stands in messages.
std::unique_ptr<Dataset> open_image_files(const ImageFolderConfig& config, const std::vector<std::string>& class_names,
                                          std::vector<CatalogueRow> rows, const std::string& split, int threads);

}  // namespace hpcai::data
