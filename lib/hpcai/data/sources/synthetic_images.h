#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/sources/source.h"

namespace hpcai::data {

// Random bytes: for measuring throughput, there is nothing to learn.
struct SyntheticImagesConfig {
  static constexpr std::string_view kType = "synthetic_images";
  static constexpr std::string_view kFormerType = "made_up_images";
  static constexpr bool kStored = false;
  int64_t image_size = 224;
  int64_t classes = 1000;
  int64_t train = 10000;
  int64_t validation = 0;
  int64_t seed = 1;
  ImageTransformConfig transform;

  void disable_cache() {}  // has none
  bool may_validate() const { return validation > 0; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("image_size", image_size, {.help = "Side of the images.", .unit = "pixels", .min = 1, .max = 4096});
    visitor.field("classes", classes, {.help = "Number of classes.", .min = 2, .max = 1000000});
    visitor.field("train", train, {.help = "Training images.", .min = 1});
    visitor.field("validation", validation, {.help = "Validation images; 0 = none.", .min = 0});
    visitor.field("seed", seed, {.help = "Another seed gives other bytes.", .min = 0});
    transform.describe(visitor);
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const SyntheticImagesConfig& config);
Splits open_source(const SyntheticImagesConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const SyntheticImagesConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const SyntheticImagesConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
