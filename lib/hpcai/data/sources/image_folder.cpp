#include "hpcai/data/sources/image_folder.h"

#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/sources/image_files.h"
#include "hpcai/data/sources/image_input.h"
#include "hpcai/data/tables/catalogue.h"

namespace hpcai::data {
namespace {

void warn_of_missing_classes(const Catalogue& catalogue) {
  std::vector<int64_t> counts(catalogue.class_names.size(), 0);
  for (const CatalogueRow& row : catalogue.train) ++counts[static_cast<size_t>(row.label)];
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) log::shared_warning("no training image of class {}", printable(catalogue.class_names[i]));
  }
}

}  // namespace

std::optional<SampleSpec> source_spec(const ImageFolderConfig& config) {
  const std::vector<std::string> names = config.stated_names();
  if (names.empty()) return std::nullopt;
  return image_spec(config.image_size, config.image_size, names, config.transform.scaling);
}

Splits open_source(const ImageFolderConfig& config, const OpenOptions& options) {
  Catalogue catalogue = read_catalogue(config);
  check_class_count(config.class_count, catalogue.class_names);
  warn_of_missing_classes(catalogue);
  Splits splits;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    splits.of(split) =
        open_image_files(config, catalogue.class_names, std::move(catalogue.rows(split)), name_of(split), options.threads);
  }
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const ImageFolderConfig& config, Split split, const NetworkUse& use) {
  check_trained_classes(config.classes, use.spec.class_names);
  auto rows = read_catalogue_rows(config, split, {use.spec.class_names, use.labels_optional, use.other_data});
  return open_image_files(config, use.spec.class_names, std::move(rows), name_of(split), use.threads);
}

std::unique_ptr<Dataset> open_source_input(const ImageFolderConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_image_input(input, config, use);
}

}  // namespace hpcai::data
