#include "hpcai/data/picture.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "hpcai/data/warp.h"

namespace hpcai::data {
namespace {

PixelScaling scaling_named(const std::string& name) {
  for (const auto& [scaling, known] : enum_names(PixelScaling{})) {
    if (known == name) return scaling;
  }
  throw std::invalid_argument("picture_of: no scaling is named '" + name + "'");
}

}  // namespace

Image picture_of(std::span<const float> input, int64_t height, int64_t width, const std::string& scaling) {
  const auto pixels = static_cast<size_t>(height * width);
  if (input.size() != 3 * pixels) throw std::invalid_argument("picture_of: the input has another size");
  const PixelMap map = pixel_map(scaling_named(scaling));
  Image picture;
  picture.height = height;
  picture.width = width;
  picture.pixels.resize(3 * pixels);
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < pixels; ++i) {
      const float byte = (input[c * pixels + i] - map.offset[c]) / map.scale[c];
      picture.pixels[3 * i + c] = static_cast<uint8_t>(std::lround(std::clamp(byte, 0.0F, 255.0F)));
    }
  }
  return picture;
}

}  // namespace hpcai::data
