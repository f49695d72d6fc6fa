#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/preparation_config.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/data/votes.h"

namespace hpcai::data {

// Images in files of their own, in folders below one, and a catalogue.
struct ImageFolderConfig : CachedImagesConfig, ClassNamesConfig {
  static constexpr std::string_view kType = "image_folder";
  static constexpr bool kStored = true;
  std::string folder;
  std::string catalogue = "labels.csv";
  std::string file_column = "file";
  std::string label_column = "label";
  std::vector<std::string> label_columns;
  VotesConfig votes;
  std::string split_column = "split";
  std::string filter;
  double validation_fraction = 0.1;
  int64_t seed = 1;
  int64_t crop = 0;
  double crop_fraction = 1;
  int64_t image_size = 224;
  PreparationConfig preparation;

  ImageFolderConfig() : CachedImagesConfig(4096) {}
  bool may_validate() const { return !split_column.empty() || validation_fraction > 0; }
  bool has_votes() const { return !votes.questions.empty(); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("folder", folder, {.help = "Folder that holds the images, JPEG, PNG or FITS.", .required = true});
    visitor.field("catalogue", catalogue, {.help = "CSV file with one row for each image; relative to the folder."});
    visitor.field("file_column", file_column, {.help = "Column with the file's path, relative to the folder."});
    visitor.field("label_column", label_column, {.help = "Column with the class name."});
    visitor.field(
        "label_columns", label_columns,
        {.help = "Soft labels in place of label_column: columns with a probability or number of votes for each class, in "
                 "label order; their sum is made 1."});
    visitor.field("votes", votes, {.help = "Votes in place of labels, for loss.type dirichlet_multinomial."});
    visitor.field("split_column", split_column,
                  {.help = "Column with train, validation or test; empty = all rows are training images."});
    visitor.field("filter", filter,
                  {.help = "Condition on columns of the catalogue that rows must fulfil, such as P_CS >= 0.985 or P_EL >= 0.926; "
                           "empty = all rows."});
    describe_classes(visitor, "Class names in label order; empty = those of the catalogue in alphabetical order.");
    visitor.field("validation_fraction", validation_fraction,
                  {.help = "Part of the training rows to validate on, chosen by a hash of the file name, if the "
                           "catalogue has no validation rows.",
                   .min = 0,
                   .max = 1,
                   .max_excluded = true});
    visitor.field("seed", seed, {.help = "Another seed chooses other validation rows.", .min = 0});
    visitor.field("crop", crop,
                  {.help = "Side of the central square that is used; 0 = the largest that fits.",
                   .unit = "pixels",
                   .min = 0,
                   .max = 65500});
    visitor.field("crop_fraction", crop_fraction,
                  {.help = "Part of that square's side that is used, such as 0.875 beside random crops in training.",
                   .min = 0,
                   .max = 1,
                   .min_excluded = true});
    visitor.field("image_size", image_size,
                  {.help = "Side that the crop is resized to.", .unit = "pixels", .min = 1, .max = 4096});
    visitor.field("preparation", preparation, {.help = "Cut-outs by the size of the object, and how FITS bands become colours."});
    describe_images(visitor, "Decoded images of a split are kept in memory if they fit into this.");
  }
};

// Throws Error{usage} for settings of the truth that contradict each other: votes, soft labels, classes.
void check_truth_settings(const ImageFolderConfig& config);

// See source.h.
std::optional<SampleSpec> source_spec(const ImageFolderConfig& config);
Splits open_source(const ImageFolderConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const ImageFolderConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const ImageFolderConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
