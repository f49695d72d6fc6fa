#pragma once

#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/augmentation.h"
#include "hpcai/data/cache_config.h"

namespace hpcai::data {

// What all sources of images share.
struct ImageTransformConfig {
  PixelScaling scaling = PixelScaling::signed_unit;
  AugmentationConfig augmentation;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("scaling", scaling, {.help = "How bytes become input: 0..1, -1..1, or ImageNet's mean and deviation."});
    visitor.field("augmentation", augmentation, {.help = "Random changes of the training images."});
  }
};

// The base of the configs of sources of images that can be kept in memory.
struct CachedImagesConfig : CacheConfig {
  using CacheConfig::CacheConfig;

  ImageTransformConfig transform;

 protected:
  template <class Visitor>
  void describe_images(Visitor& visitor, std::string_view cache_help) {
    describe_cache(visitor, cache_help);
    transform.describe(visitor);
  }
};

}  // namespace hpcai::data
