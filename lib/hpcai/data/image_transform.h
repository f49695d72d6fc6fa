#pragma once

#include "hpcai/config/field.h"
#include "hpcai/data/augmentation.h"

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

}  // namespace hpcai::data
