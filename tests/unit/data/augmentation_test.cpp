#include "hpcai/data/augmentation.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace hpcai::data;

namespace {

AugmentationConfig imagenet_crops() {
  AugmentationConfig config;
  config.crop_area = 0.08;
  return config;
}

bool same(const Box& a, const Box& b) { return a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width; }

}  // namespace

TEST_CASE("random crops lie in the image, and their areas are uniform, the logarithms of their ratios too, and their places") {
  constexpr int64_t kHeight = 400, kWidth = 500, kCount = 100000;
  const AugmentationConfig config = imagenet_crops();
  double count = 0, area = 0, area_square = 0, log_ratio = 0, log_ratio_square = 0, centre = 0;
  for (int64_t index = 0; index < kCount; ++index) {
    const Box box = draw_crop(config, {5, 1}, index, kHeight, kWidth);
    REQUIRE((box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0));
    REQUIRE((box.top + box.height <= kHeight && box.left + box.width <= kWidth));
    const double part = static_cast<double>(box.height * box.width) / (kHeight * kWidth);
    const double ratio = std::log(static_cast<double>(box.width) / static_cast<double>(box.height));
    REQUIRE(part > 0.07);
    REQUIRE(std::abs(ratio) < std::log(4.0 / 3) + 0.02);
    if (part >= 0.5) continue;  // large ones fit with some ratios only, and are drawn again
    ++count;
    area += part;
    area_square += part * part;
    log_ratio += ratio;
    log_ratio_square += ratio * ratio;
    centre += (2.0 * static_cast<double>(box.left) + static_cast<double>(box.width)) / kWidth - 1;
  }
  CHECK(count > 0.5 * (0.5 - 0.08) / (1 - 0.08) * kCount);
  const double mean = area / count;
  CHECK(mean == Approx(0.29).margin(0.002));
  CHECK(area_square / count - mean * mean == Approx(0.42 * 0.42 / 12).epsilon(0.05));
  CHECK(std::abs(log_ratio / count) < 0.01);
  CHECK(log_ratio_square / count == Approx(std::pow(std::log(4.0 / 3), 2) / 3).epsilon(0.05));  // of a uniform distribution
  CHECK(std::abs(centre / count) < 0.02);
}

TEST_CASE("a random crop is a function of seed, epoch and sample") {
  const AugmentationConfig config = imagenet_crops();
  const Box box = draw_crop(config, {5, 1}, 7, 100, 100);
  CHECK(same(box, draw_crop(config, {5, 1}, 7, 100, 100)));
  CHECK_FALSE(same(box, draw_crop(config, {5, 2}, 7, 100, 100)));
  CHECK_FALSE(same(box, draw_crop(config, {6, 1}, 7, 100, 100)));
  CHECK_FALSE(same(box, draw_crop(config, {5, 1}, 8, 100, 100)));
}

TEST_CASE("where no crop of the wanted shape is large enough, it is the middle of the image") {
  AugmentationConfig config;
  config.crop_area = 0.9;
  const Box wide = draw_crop(config, {1, 1}, 0, 30, 300);
  CHECK(same(wide, {0, 130, 30, 40}));
  const Box high = draw_crop(config, {1, 1}, 0, 300, 30);
  CHECK(same(high, {130, 0, 40, 30}));
  CHECK(same(draw_crop(config, {1, 1}, 0, 1, 1), {0, 0, 1, 1}));
}
