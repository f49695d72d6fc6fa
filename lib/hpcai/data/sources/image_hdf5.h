#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/sources/source.h"

namespace hpcai::data {

// Images in one file a split, and the layout of DL_DES.
struct ImageHdf5Config : CachedImagesConfig, ClassNamesConfig {
  static constexpr std::string_view kType = "image_hdf5";
  static constexpr bool kStored = true;
  std::string train;
  std::string validation;
  std::string test;
  int64_t image_size = 0;

  ImageHdf5Config() : CachedImagesConfig(0) {}
  bool may_validate() const { return !validation.empty(); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train", train,
                  {.help = "HDF5 file with data sets images [n, height, width, 3] uint8 and labels [n], or FILE:GROUP "
                           "for data sets below a group. A pattern such as train-*.h5 names several files.",
                   .required = true});
    visitor.field("validation", validation, {.help = "File of the validation split; may be left out."});
    visitor.field("test", test, {.help = "File of the test split; may be left out."});
    visitor.field("image_size", image_size,
                  {.help = "Side that images are resized to; 0 = as in the file.", .unit = "pixels", .min = 0, .max = 4096});
    describe_classes(visitor, "Class names in label order; must agree with the file's attribute class_names if it has one.");
    describe_images(visitor, "A split is read into memory once if it fits into this.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const ImageHdf5Config& config);
Splits open_source(const ImageHdf5Config& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const ImageHdf5Config& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const ImageHdf5Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

// Whether a path, which may be FILE:GROUP, names an HDF5 file, by its first bytes or by its ending (.h5, .hdf5).
bool is_hdf5_input(const std::filesystem::path& input);

// Images of a file for a trained network, resized to its size; class names are the network's, labels may be missing where
// use.labels_optional.
std::unique_ptr<Dataset> open_image_hdf5_input(const std::filesystem::path& input, const ImageTransformConfig& transform,
                                               const NetworkUse& use);

}  // namespace hpcai::data
