#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/data/augmentation.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "support.h"

using namespace hpcai::data;

namespace {

AugmentationConfig imagenet_crops() {
  AugmentationConfig config;
  config.crop_area = 0.08;
  return config;
}

bool same(const Box& a, const Box& b) { return a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width; }

}  // namespace

TEST_CASE("random crops lie in the image; their areas are uniform, the logarithms of their ratios too, and their places") {
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

TEST_CASE("images of a folder are cropped at the resolution of the file, for training only") {
  const test::TemporaryFolder folder;
  constexpr int64_t kHeight = 90, kWidth = 120;
  Image image{kHeight, kWidth, std::vector<uint8_t>(kHeight * kWidth * 3), 1};
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {  // red tells the column, green the row, blue whether the column is odd
      uint8_t* const pixel = &image.pixels[static_cast<size_t>(3 * (y * kWidth + x))];
      pixel[0] = static_cast<uint8_t>(x);
      pixel[1] = static_cast<uint8_t>(y);
      pixel[2] = x % 2 == 0 ? 0 : 255;
    }
  }
  for (const char* name : {"a.png", "b.png"}) write_png(folder / name, image);
  ImageFolderConfig config = test::image_folder_config(folder, "file,label\na.png,a\nb.png,b\n");
  config.image_size = 16;
  config.transform.augmentation = imagenet_crops();
  const auto train = open(config, 1).train;
  std::vector<float> values(3 * 16 * 16);
  const auto mean = [&](int channel) {
    double sum = 0;
    for (int i = 0; i < 256; ++i) sum += values[static_cast<size_t>(256 * channel + i)] * 255 / 256;
    return sum;
  };
  double small_width = 1e9;
  for (int64_t epoch = 0; epoch < 200; ++epoch) {
    const Draw draw{3, epoch};
    train->read(0, &draw, values.data());
    const Box box = draw_crop(config.transform.augmentation, draw, 0, kHeight, kWidth);
    // The mean over a crop of a ramp is its middle; bytes are rounded.
    CHECK(mean(0) == Approx(static_cast<double>(box.left) + 0.5 * static_cast<double>(box.width - 1)).margin(0.6));
    CHECK(mean(1) == Approx(static_cast<double>(box.top) + 0.5 * static_cast<double>(box.height - 1)).margin(0.6));
    small_width = std::min(small_width, static_cast<double>(box.width));
    if (box.width == 16 && box.height == 16) CHECK(std::abs(values[512] - values[513]) == 1);  // single columns of the file
  }
  CHECK(small_width < 40);
  train->read(0, nullptr, values.data());
  CHECK(mean(0) == Approx(59.5).margin(0.6));  // the central square
  const double whole = values[15] - values[0];
  config.crop_fraction = 0.5;
  open(config, 1).train->read(0, nullptr, values.data());
  CHECK(mean(0) == Approx(59.5).margin(0.6));
  CHECK(values[15] - values[0] == Approx(whole / 2).epsilon(0.05));
}

TEST_CASE("images that are made are cropped, too") {
  SimulatedGalaxiesConfig config;
  config.train = 4;
  config.validation = 0;
  config.test = 0;
  config.image_size = 24;
  config.transform.augmentation = imagenet_crops();
  const auto train = open(config, 1).train;
  const Draw first{1, 0}, second{1, 1};
  std::vector<float> a(3 * 24 * 24), b(a), whole(a);
  train->read(2, &first, a.data());
  train->read(2, &second, b.data());
  train->read(2, nullptr, whole.data());
  CHECK(a != b);
  CHECK(*std::max_element(a.begin(), a.end()) <= *std::max_element(whole.begin(), whole.end()) + 1e-6F);
}
