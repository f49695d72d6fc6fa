#include "hpcai/data/wrappers/augmented_images.h"

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/data/wrappers/cached_images.h"
#include "noise.h"

using namespace hpcai;
using namespace hpcai::data;
using test::DetailedNoise;
using test::Noise;

namespace {

constexpr int64_t kNoiseHeight = Noise::kHeight, kNoiseWidth = Noise::kWidth;

ImageTransformConfig all_changes() {
  ImageTransformConfig transform;
  transform.augmentation.horizontal_flip = transform.augmentation.quarter_turns = true;
  transform.augmentation.rotation_deg = 20;
  transform.augmentation.shift = transform.augmentation.zoom = 0.1;
  transform.augmentation.brightness = transform.augmentation.contrast = 0.2;
  return transform;
}

// What the functions of augmentation.h and warp.h make of these pixels [kNoiseHeight, kNoiseWidth, 3].
std::vector<float> augmented(const std::vector<uint8_t>& pixels, const ImageTransformConfig& transform, const Draw& draw,
                             int64_t index) {
  const auto drawn = draw_augmentation(transform.augmentation, draw, index, kNoiseHeight, kNoiseWidth);
  std::vector<float> out(pixels.size());
  warp_pixels(pixels.data(), kNoiseHeight, kNoiseWidth, drawn.affine, pixel_map(transform.scaling, drawn), out.data());
  return out;
}

std::vector<uint8_t> resized(const std::vector<uint8_t>& pixels, int64_t row_width, const Box& box) {
  std::vector<uint8_t> out(static_cast<size_t>(3 * kNoiseHeight * kNoiseWidth));
  resize_box(pixels.data(), row_width, box, kNoiseHeight, kNoiseWidth, out.data());
  return out;
}

}  // namespace

TEST_CASE("images are scaled, and changed as the draw of their number says, kept in memory or not") {
  const ImageTransformConfig transform = all_changes();
  const AugmentedImages plain(std::make_unique<Noise>(5), transform);
  const AugmentedImages kept(cached(std::make_unique<Noise>(5), 1), transform);
  CHECK(plain.spec() == image_spec(kNoiseHeight, kNoiseWidth, {"a", "b"}, PixelScaling::signed_unit));
  CHECK(plain.size() == 5);
  CHECK(plain.id(2) == "n2");
  CHECK(plain.where(2) == "noise 2");
  for (const AugmentedImages* images : {&plain, &kept}) {
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      for (int64_t i = 0; i < 5; ++i) {
        const Draw draw{7, epoch};
        REQUIRE(test::read_input(*images, i, &draw) == augmented(Noise::image(i), transform, draw, i));
        std::vector<float> scaled(static_cast<size_t>(images->input_size()));
        convert_pixels(Noise::image(i).data(), kNoiseHeight, kNoiseWidth, pixel_map(transform.scaling), scaled.data());
        REQUIRE(test::read_input(*images, i) == scaled);
      }
    }
  }
}

TEST_CASE("a random part is taken from the image, or from the source where that has more detail, kept in memory or not") {
  ImageTransformConfig transform = all_changes();
  transform.augmentation.crop_area = 0.2;
  const AugmentedImages images(std::make_unique<Noise>(5), transform), kept(cached(std::make_unique<Noise>(5), 1), transform);
  const AugmentedImages detailed(std::make_unique<DetailedNoise>(5), transform);
  const AugmentedImages detailed_kept(cached(std::make_unique<DetailedNoise>(5), 1), transform);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    for (int64_t i = 0; i < 5; ++i) {
      const Draw draw{7, epoch};
      const auto part =
          resized(Noise::image(i), kNoiseWidth, draw_crop(transform.augmentation, draw, i, kNoiseHeight, kNoiseWidth));
      const auto expected = augmented(part, transform, draw, i);
      REQUIRE(test::read_input(images, i, &draw) == expected);
      REQUIRE(test::read_input(kept, i, &draw) == expected);

      constexpr int64_t kFine = DetailedNoise::kDetailedHeight, kFineWidth = DetailedNoise::kDetailedWidth;
      const Box box = draw_crop(transform.augmentation, draw, i, kFine, kFineWidth);
      const auto fine = augmented(resized(Noise::image(i, kFine, kFineWidth), kFineWidth, box), transform, draw, i);
      REQUIRE(test::read_input(detailed, i, &draw) == fine);
      REQUIRE(test::read_input(detailed_kept, i, &draw) == fine);
    }
  }
  CHECK(test::read_input(detailed, 1) == test::read_input(images, 1));  // evaluation sees the whole image
}

TEST_CASE("labels are class numbers or unlabelled, and nothing else") {
  const AugmentedImages images(std::make_unique<Noise>(4), {});
  const int64_t rows[] = {2, 0, 1};
  const at::Tensor targets = images.targets(rows);
  CHECK(targets.data_ptr<int64_t>()[0] == 1);
  CHECK(targets.data_ptr<int64_t>()[1] == kUnlabelled);
  CHECK(targets.data_ptr<int64_t>()[2] == 0);

  struct Labelled : ImageSet {
    explicit Labelled(int64_t label) : ImageSet(1, 1, {"a", "b"}, {label}) {}
    std::string id(int64_t) const override { return "0"; }
    std::string where(int64_t) const override { return "0"; }
    void make_pixels(int64_t, uint8_t*) const override {}
  };
  CHECK_NOTHROW(Labelled(1));
  CHECK_THROWS_AS(Labelled(2), std::invalid_argument);
  CHECK_THROWS_AS(Labelled(-2), std::invalid_argument);
}

TEST_CASE("channels-last values are the others in another order, with any change of the colours") {
  ImageTransformConfig colours = all_changes();
  colours.augmentation.gamma = colours.augmentation.blur = colours.augmentation.noise = 0.3;
  for (const ImageTransformConfig& transform : {ImageTransformConfig{}, all_changes(), colours}) {
    const AugmentedImages images(std::make_unique<Noise>(2), transform);
    CHECK(images.is_channels_last());
    const Draw draw{7, 1};
    for (const Draw* use : {static_cast<const Draw*>(nullptr), &draw}) {
      const std::vector<float> planes = test::read_input(images, 1, use);
      std::vector<float> turned(planes.size()), interleaved(planes.size()), by_default(planes.size());
      interleave(planes.data(), kNoiseHeight, kNoiseWidth, turned.data());
      images.read_channels_last(1, use, interleaved.data());
      images.Dataset::read_channels_last(1, use, by_default.data());
      CHECK(by_default == turned);
      for (size_t i = 0; i < turned.size(); ++i) REQUIRE(interleaved[i] == Approx(turned[i]).margin(1e-5));
    }
  }
}
