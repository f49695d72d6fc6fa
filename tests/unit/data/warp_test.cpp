#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/random.h"
#include "hpcai/data/warp.h"
#include "hpcai/data/warp_row.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::vector<uint8_t> random_pixels(int64_t height, int64_t width) {
  std::vector<uint8_t> pixels(static_cast<size_t>(3 * height * width));
  Random random(1, 0, 0, Purpose::test);
  for (auto& byte : pixels) byte = static_cast<uint8_t>(random.bits());
  return pixels;
}

// The plain definition: one place, one channel, in double precision, borders repeated.
double bilinear(const std::vector<uint8_t>& pixels, int64_t height, int64_t width, double column, double row, int channel) {
  column = std::clamp(column, 0.0, static_cast<double>(width - 1));
  row = std::clamp(row, 0.0, static_cast<double>(height - 1));
  double sum = 0;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const double weight = std::max(0.0, 1 - std::abs(column - static_cast<double>(x))) *
                            std::max(0.0, 1 - std::abs(row - static_cast<double>(y)));
      sum += weight * pixels[static_cast<size_t>((y * width + x) * 3 + channel)];
    }
  }
  return sum;
}

double scaled(PixelScaling scaling, double byte, int channel) {
  const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
  switch (scaling) {
    case PixelScaling::unit: return byte / 255;
    case PixelScaling::signed_unit: return byte / 127.5 - 1;
    case PixelScaling::imagenet: return (byte / 255 - mean[channel]) / deviation[channel];
  }
  return 0;
}

AugmentationConfig everything() {
  AugmentationConfig config;
  config.horizontal_flip = config.vertical_flip = config.quarter_turns = true;
  config.rotation_deg = 45;
  config.shift = config.zoom = 0.3;
  config.brightness = 0.1;
  config.contrast = 0.2;
  return config;
}

// out = what a plain loop that permutes pixels gives.
std::vector<float> permuted(const std::vector<uint8_t>& pixels, int64_t side, auto&& source) {
  std::vector<float> out;
  for (int c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t x = 0; x < side; ++x) {
        const auto [column, row] = source(x, y);
        out.push_back(static_cast<float>(pixels[static_cast<size_t>((row * side + column) * 3 + c)]) * (1 / 255.0F));
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("conversion scales each byte as the three definitions say, for widths that are no multiple of a vector") {
  for (const auto scaling : {PixelScaling::unit, PixelScaling::signed_unit, PixelScaling::imagenet}) {
    for (int64_t width : {1, 7, 33, 64}) {
      const int64_t height = 5;
      const auto pixels = random_pixels(height, width);
      std::vector<float> out(pixels.size());
      convert_pixels(pixels.data(), height, width, pixel_map(scaling), out.data());
      for (int c = 0; c < 3; ++c) {
        for (int64_t i = 0; i < height * width; ++i) {
          REQUIRE(out[static_cast<size_t>(c * height * width + i)] ==
                  Approx(scaled(scaling, pixels[static_cast<size_t>(3 * i + c)], c)).margin(1e-6));
        }
      }
    }
  }
}

TEST_CASE("the warp agrees with a plain double-precision one for any augmentation, also of images that are not square") {
  const AugmentationConfig config = everything();
  for (auto [height, width] : {std::pair<int64_t, int64_t>{31, 31}, {17, 40}, {1, 9}, {2, 2}}) {
    const auto pixels = random_pixels(height, width);
    std::vector<float> out(pixels.size());
    for (int64_t index = 0; index < 12; ++index) {
      const DrawnAugmentation drawn = draw_augmentation(config, {9, 2}, index, height, width);
      warp_pixels(pixels.data(), height, width, drawn.affine, pixel_map(PixelScaling::signed_unit, drawn), out.data());
      double worst = 0;
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const auto& m = drawn.affine;
          const double column = m[0] * static_cast<double>(x) + m[1] * static_cast<double>(y) + m[2];
          const double row = m[3] * static_cast<double>(x) + m[4] * static_cast<double>(y) + m[5];
          for (int c = 0; c < 3; ++c) {
            double byte = bilinear(pixels, height, width, column, row, c);
            byte = std::clamp((byte - 127.5) * drawn.contrast + 127.5 + 255 * drawn.brightness, 0.0, 255.0);
            worst = std::max(worst, std::abs(out[static_cast<size_t>((c * height + y) * width + x)] -
                                             scaled(PixelScaling::signed_unit, byte, c)));
          }
        }
      }
      CHECK(worst < 2e-5);
    }
  }
}

TEST_CASE("flips and quarter turns move pixels without blending them") {
  const int64_t side = 12;
  const auto pixels = random_pixels(side, side);
  using Place = std::pair<int64_t, int64_t>;
  std::vector<std::vector<float>> group;
  for (int turns = 0; turns < 4; ++turns) {
    for (bool mirrored : {false, true}) {
      group.push_back(permuted(pixels, side, [&](int64_t x, int64_t y) {
        Place place{mirrored ? side - 1 - x : x, y};
        for (int t = 0; t < turns; ++t) place = {side - 1 - place.second, place.first};
        return place;
      }));
    }
  }
  AugmentationConfig config;
  config.horizontal_flip = config.vertical_flip = config.quarter_turns = true;
  std::vector<int> seen(group.size(), 0);
  std::vector<float> out(pixels.size());
  for (int64_t index = 0; index < 200; ++index) {
    const DrawnAugmentation drawn = draw_augmentation(config, {4, 0}, index, side, side);
    const PixelMap map = pixel_map(PixelScaling::unit, drawn);
    if (drawn.warps) {
      warp_pixels(pixels.data(), side, side, drawn.affine, map, out.data());
    } else {
      convert_pixels(pixels.data(), side, side, map, out.data());
    }
    const auto found = std::find(group.begin(), group.end(), out);
    REQUIRE(found != group.end());
    ++seen[static_cast<size_t>(found - group.begin())];
  }
  for (int count : seen) CHECK(count > 5);  // all eight symmetries of the square, about 25 times each
}

TEST_CASE("an augmentation is a function of seed, epoch and sample alone, and stays within the config's limits") {
  const AugmentationConfig config = everything();
  const auto once = draw_augmentation(config, {1, 5}, 77, 50, 60);
  CHECK(draw_augmentation(config, {1, 5}, 77, 50, 60).affine == once.affine);
  CHECK(draw_augmentation(config, {1, 6}, 77, 50, 60).affine != once.affine);
  CHECK(draw_augmentation(config, {2, 5}, 77, 50, 60).affine != once.affine);
  CHECK(draw_augmentation(config, {1, 5}, 78, 50, 60).affine != once.affine);
  double least = 9, most = 0, farthest = 0;
  for (int64_t i = 0; i < 4000; ++i) {
    const auto drawn = draw_augmentation(config, {1, 5}, i, 101, 101);
    const auto& m = drawn.affine;
    const double area = std::abs(m[0] * m[4] - m[1] * m[3]);
    least = std::min(least, area);
    most = std::max(most, area);
    farthest = std::max(farthest, std::hypot(m[0] * 50 + m[1] * 50 + m[2] - 50, m[3] * 50 + m[4] * 50 + m[5] - 50));
    CHECK(std::abs(drawn.brightness) <= 0.1);
    CHECK(std::abs(drawn.contrast - 1) <= 0.2);
  }
  CHECK(least == Approx(0.49).margin(0.05));
  CHECK(least >= 0.49);
  CHECK(most == Approx(1.69).margin(0.1));
  CHECK(most <= 1.69 + 1e-12);
  CHECK(farthest <= 0.3 * 101 * std::sqrt(2.0) + 1e-9);
  CHECK(farthest > 0.3 * 101);
}

TEST_CASE("switching one change on leaves the draws of the others as they were") {
  AugmentationConfig rotation;
  rotation.rotation_deg = 30;
  AugmentationConfig both = rotation;
  both.shift = 0.2;
  const auto a = draw_augmentation(rotation, {3, 1}, 10, 64, 64).affine, b = draw_augmentation(both, {3, 1}, 10, 64, 64).affine;
  CHECK(a[0] == b[0]);
  CHECK(a[1] == b[1]);
  CHECK(a[2] != b[2]);
}

TEST_CASE("without augmentation nothing is warped") {
  const auto drawn = draw_augmentation({}, {3, 1}, 10, 64, 64);
  CHECK_FALSE(drawn.warps);
  CHECK(drawn.brightness == 0);
  CHECK(drawn.contrast == 1);
}

TEST_CASE("interleaved values are those of the planes in another order, for all processors") {
  const AugmentationConfig config = everything();
  for (auto [height, width] : {std::pair<int64_t, int64_t>{31, 31}, {5, 8}, {3, 9}, {1, 1}, {2, 67}}) {
    const auto pixels = random_pixels(height, width);
    const auto drawn = draw_augmentation(config, {9, 2}, 3, height, width);
    const PixelMap map = pixel_map(PixelScaling::imagenet, drawn);
    std::vector<float> planes(pixels.size()), turned(pixels.size());
    std::vector<float> interleaved(pixels.size() + 1, 77);  // nothing is written behind the image
    const auto check_same = [&] {
      interleave(planes.data(), height, width, turned.data());
      for (size_t i = 0; i < turned.size(); ++i) REQUIRE(interleaved[i] == Approx(turned[i]).margin(1e-5));
      CHECK(interleaved.back() == 77);
    };
    warp_pixels(pixels.data(), height, width, drawn.affine, map, planes.data());
    warp_pixels(pixels.data(), height, width, drawn.affine, map, interleaved.data(), PixelOrder::interleaved);
    check_same();
    convert_pixels(pixels.data(), height, width, map, planes.data());
    convert_pixels(pixels.data(), height, width, map, interleaved.data(), PixelOrder::interleaved);
    check_same();
    // The loops for other processors.
    convert_row_plain(pixels.data(), height * width, map, interleaved.data());
    check_same();
    std::vector<uint8_t> bytes(static_cast<size_t>(3 * width));
    for (int64_t y = 0; y < height; ++y) {
      convert_row_to_planes_plain(pixels.data() + 3 * y * width, width, height * width, map, bytes.data(),
                                  planes.data() + y * width);
    }
    check_same();
  }
}

TEST_CASE("the loops for processors without AVX2 give the same warp but for rounding") {
  for (const int32_t width : {1, 2, 7, 8, 9, 16, 17, 65}) {
    const int64_t height = 6;
    const auto pixels = random_pixels(height, width);
    std::vector<uint32_t> words(static_cast<size_t>((height + 1) * (width + 1)));
    for (int64_t y = 0; y <= height; ++y) {
      uint32_t* to = words.data() + y * (width + 1);
      words_plain(pixels.data() + 3 * std::min(y, height - 1) * width, width, to);
      to[width] = to[width - 1];
    }
    const Affine affine{0.9, 0.2, -0.7, -0.1, 1.1, 0.4};
    const PixelMap map = pixel_map(PixelScaling::signed_unit);
    std::vector<float> expected(pixels.size()), plain(static_cast<size_t>(3 * width));
    warp_pixels(pixels.data(), height, width, affine, map, expected.data(), PixelOrder::interleaved);
    for (int64_t y = 0; y < height; ++y) {
      WarpRow row{words.data(), width + 1, static_cast<float>(width - 1), static_cast<float>(height - 1)};
      row.u0 = static_cast<float>(affine[1] * static_cast<double>(y) + affine[2]);
      row.v0 = static_cast<float>(affine[4] * static_cast<double>(y) + affine[5]);
      row.du = static_cast<float>(affine[0]);
      row.dv = static_cast<float>(affine[3]);
      warp_row_plain(row, map, width, plain.data());
      for (size_t i = 0; i < plain.size(); ++i) {
        REQUIRE(plain[i] == Approx(expected[static_cast<size_t>(3 * width * y) + i]).margin(2e-5));
      }
    }
  }
}
