#include "hpcai/data/sources/image_folder.h"

#include <fmt/format.h>

#include <set>

#include "hpcai/core/error.h"
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
  if (catalogue.class_names.empty()) return;
  std::vector<int64_t> counts(catalogue.class_names.size(), 0);
  for (const CatalogueRow& row : catalogue.train) ++counts[static_cast<size_t>(row.label)];
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) log::shared_warning("no training image of class {}", printable(catalogue.class_names[i]));
  }
}

}  // namespace

void check_truth_settings(const ImageFolderConfig& config) {
  const auto refuse = [](const std::string& what, const std::string& remedy) { throw Error(ExitCode::usage, what, remedy); };
  const std::vector<std::string>& columns = config.label_columns;
  check_votes(config.votes);
  if (config.has_votes() && !columns.empty()) {
    refuse("data.votes and data.label_columns are both given", "Leave one of them out.");
  }
  if (config.has_votes() && (!config.classes.empty() || config.class_count > 0)) {
    refuse("data.votes are for answers to questions, which are no classes", "Leave data.classes and data.class_count out.");
  }
  if (columns.size() == 1) refuse("data.label_columns names one column", "Name a column for each class, two at least.");
  if (std::set<std::string>(columns.begin(), columns.end()).size() < columns.size()) {
    refuse("data.label_columns names a column twice", "Each class has a column of its own.");
  }
  if (columns.empty() || config.classes.empty() || columns.size() == config.classes.size()) return;
  refuse(fmt::format("data.label_columns names {} columns, data.classes {} classes", columns.size(), config.classes.size()),
         "Name the columns in the order of the classes.");
}

std::optional<SampleSpec> source_spec(const ImageFolderConfig& config) {
  check_truth_settings(config);
  if (config.has_votes()) {
    return image_spec(config.image_size, config.image_size, {}, config.transform.scaling, answer_names(config.votes.questions));
  }
  const bool columns_are_classes = config.classes.empty() && !config.label_columns.empty();
  const std::vector<std::string> names = columns_are_classes ? config.label_columns : config.stated_names();
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
