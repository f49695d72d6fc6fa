#include "hpcai/data/sample_image.h"

#include <catch2/catch.hpp>
#include <memory>

#include "hpcai/data/image_set.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// An image that holds every byte.
class EveryByte : public ImageSet {
 public:
  EveryByte() : ImageSet(16, 32, {"a", "b"}, {0}) {}
  std::string id(int64_t) const override { return "every"; }
  std::string where(int64_t) const override { return "every byte"; }
  void make_pixels(int64_t, uint8_t* out) const override {
    for (int64_t i = 0; i < image_size(); ++i) out[i] = static_cast<uint8_t>(i / 3 + 85 * (i % 3));
  }
};

class Series : public Dataset {
 public:
  Series() : Dataset({{1, 8}, {"a", "b"}, {}}) {}
  int64_t size() const override { return 1; }
  std::string id(int64_t) const override { return "s"; }
  std::string where(int64_t) const override { return "s"; }
  void read(int64_t, const Draw*, float*) const override {}
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }
};

}  // namespace

TEST_CASE("the picture of a sample has the bytes of its image, whatever the scaling") {
  for (const PixelScaling scaling : {PixelScaling::unit, PixelScaling::signed_unit, PixelScaling::imagenet}) {
    ImageTransformConfig transform;
    transform.scaling = scaling;
    const AugmentedImages images(std::make_unique<EveryByte>(), transform);
    const auto image = sample_image(images, 0);
    REQUIRE(image.has_value());
    CHECK(image->height == 16);
    CHECK(image->width == 32);
    std::vector<uint8_t> bytes(image->pixels.size());
    EveryByte().make_pixels(0, bytes.data());
    CHECK(image->pixels == bytes);
  }
}

TEST_CASE("a series has no picture") { CHECK_FALSE(sample_image(Series(), 0).has_value()); }
