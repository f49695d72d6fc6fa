#include "hpcai/data/picture.h"

#include <catch2/catch.hpp>

#include "hpcai/data/warp.h"

namespace hpcai::data {

TEST_CASE("the picture of a network's input is the image that it was made of, for every scaling") {
  std::vector<uint8_t> pixels(3 * 16 * 16);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7 % 256);
  for (const auto& [scaling, name] : enum_names(PixelScaling{})) {
    std::vector<float> input(pixels.size());
    convert_pixels(pixels.data(), 16, 16, pixel_map(scaling), input.data());
    const Image picture = picture_of(input, 16, 16, std::string(name));
    INFO(name);
    CHECK(picture.pixels == pixels);
  }
  CHECK_THROWS(picture_of(std::vector<float>(5), 16, 16, "unit"));
  CHECK_THROWS(picture_of(std::vector<float>(3), 1, 1, "other"));
}

}  // namespace hpcai::data
