#include "hpcai/data/sample_image.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hpcai/data/warp.h"

namespace hpcai::data {
namespace {

std::optional<PixelScaling> scaling_named(const std::string& name) {
  for (const auto& [scaling, own] : enum_names(PixelScaling{})) {
    if (own == name) return scaling;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Image> sample_image(const Dataset& dataset, int64_t index) {
  const SampleSpec& spec = dataset.spec();
  const auto scaling = scaling_named(spec.scaling);
  if (!scaling || spec.input_shape.size() != 3 || spec.input_shape[0] != 3) return std::nullopt;
  const PixelMap map = pixel_map(*scaling);
  std::vector<float> input(static_cast<size_t>(dataset.input_size()));
  dataset.read(index, nullptr, input.data());
  Image image{spec.input_shape[1], spec.input_shape[2], {}};
  const size_t size = input.size() / 3;
  image.pixels.resize(input.size());
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < size; ++i) {
      const float byte = std::round((input[c * size + i] - map.offset[c]) / map.scale[c]);
      image.pixels[3 * i + c] = static_cast<uint8_t>(std::clamp(byte, 0.0F, 255.0F));
    }
  }
  return image;
}

}  // namespace hpcai::data
