#pragma once

#include <array>
#include <cstdint>

#include "hpcai/config/field.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/image.h"

namespace hpcai::data {

// How bytes become the network's input.
enum class PixelScaling {
  unit,         // x / 255
  signed_unit,  // x / 127.5 - 1, Keras's Xception
  imagenet,     // (x / 255 - mean) / standard deviation of ImageNet's channels
};
inline config::EnumNames<PixelScaling> enum_names(PixelScaling) {
  return {{PixelScaling::unit, "unit"}, {PixelScaling::signed_unit, "signed"}, {PixelScaling::imagenet, "imagenet"}};
}

// Random changes of training images, each drawn uniformly and independently for every sample and epoch. All geometric
// ones make one bilinear warp about the centre; pixels outside the image repeat its border.
struct AugmentationConfig {
  bool horizontal_flip = false;
  bool vertical_flip = false;
  bool quarter_turns = false;
  double rotation_deg = 0;
  double shift = 0;
  double zoom = 0;
  double scale = 0;
  double brightness = 0;
  double contrast = 0;
  double crop_area = 1;
  double crop_ratio = 4.0 / 3;
  double saturation = 0;
  double grey = 0;
  double channel_gain = 0;
  double gamma = 0;
  double blur = 0;
  double noise = 0;

  bool crops() const { return crop_area < 1; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("horizontal_flip", horizontal_flip, {.help = "Mirror left and right, every second time."});
    visitor.field("vertical_flip", vertical_flip, {.help = "Mirror top and bottom, every second time."});
    visitor.field("quarter_turns", quarter_turns, {.help = "Turn by 0, 90, 180 or 270 degrees."});
    visitor.field("rotation_deg", rotation_deg,
                  {.help = "Largest rotation to either side.", .unit = "degrees", .min = 0, .max = 180});
    visitor.field("shift", shift, {.help = "Largest shift along each axis, as a fraction of the side.", .min = 0, .max = 1});
    visitor.field(
        "zoom", zoom,
        {.help = "Each axis is scaled by a factor within 1 - zoom and 1 + zoom.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("scale", scale,
                  {.help = "The whole image is scaled by exp(x), x within -scale and +scale; shapes keep their axis ratio.",
                   .min = 0,
                   .max = 3});
    visitor.field("brightness", brightness,
                  {.help = "Largest brightness offset, as a fraction of the full range.", .min = 0, .max = 1});
    visitor.field(
        "contrast", contrast,
        {.help = "Contrast about mid-grey is scaled by a factor within 1 - contrast and 1 + contrast.", .min = 0, .max = 1});
    visitor.field(
        "crop_area", crop_area,
        {.help =
             "Random crops, resized to the image's size: the smallest part of the area that one keeps, such as 0.08; 1 = none. "
             "Type image_folder crops the file at its full resolution, whatever data.crop and cache_mb say.",
         .min = 0,
         .max = 1,
         .min_excluded = true});
    visitor.field("crop_ratio", crop_ratio, {.help = "Largest ratio of the sides of a random crop, either way round.", .min = 1});
    visitor.field("saturation", saturation,
                  {.help = "Largest part by which colours are drawn towards grey.", .min = 0, .max = 1});
    visitor.field("grey", grey, {.help = "Part of the images that lose all colour.", .min = 0, .max = 1});
    visitor.field("channel_gain", channel_gain,
                  {.help = "Red, green and blue are each multiplied by exp(x), x within -channel_gain and +channel_gain.",
                   .min = 0,
                   .max = 3});
    visitor.field("gamma", gamma,
                  {.help = "Values of 0 to 1 are raised to exp(x), x within -gamma and +gamma.", .min = 0, .max = 3});
    visitor.field("blur", blur,
                  {.help = "Largest part of a pixel that comes from the mean of 3 x 3 pixels.", .min = 0, .max = 1});
    visitor.field("noise", noise,
                  {.help = "Largest standard deviation of added noise, as a fraction of the full range.", .min = 0, .max = 1});
  }
};

// The map from output to input pixel positions (column, row):
//   column' = m[0] column + m[1] row + m[2],  row' = m[3] column + m[4] row + m[5]
using Affine = std::array<double, 6>;

// One drawn augmentation.
struct DrawnAugmentation {
  Affine affine{1, 0, 0, 0, 1, 0};
  bool warps = false;     // whether affine is other than the identity
  double brightness = 0;  // added, in units of the full range
  double contrast = 1;    // multiplied about mid-grey
};

// The augmentation of sample `index` in draw.epoch; a pure function of its arguments.
DrawnAugmentation draw_augmentation(const AugmentationConfig& config, const Draw& draw, int64_t index, int64_t height,
                                    int64_t width);

// The random crop of sample `index`, an image of that size, in draw.epoch: area and shape as of Szegedy et al. 2015
// (arXiv:1409.4842, section 6), the share of the area uniform, the ratio of the sides uniform in its logarithm. Where ten
// tries do not fit into a long image, its middle. A pure function of its arguments.
Box draw_crop(const AugmentationConfig& config, const Draw& draw, int64_t index, int64_t height, int64_t width);

}  // namespace hpcai::data
