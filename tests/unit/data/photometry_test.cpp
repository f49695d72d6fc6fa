#include "hpcai/data/photometry.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace hpcai::data;

namespace {

constexpr int64_t kSide = 8, kPixels = kSide * kSide;
constexpr Draw kDraw{3, 2};

// Planes of one colour.
std::vector<float> planes_of(float red, float green, float blue) {
  std::vector<float> planes(3 * kPixels, red);
  std::fill_n(planes.begin() + kPixels, kPixels, green);
  std::fill_n(planes.begin() + 2 * kPixels, kPixels, blue);
  return planes;
}

std::vector<float> applied(const DrawnPhotometry& drawn, std::vector<float> planes, int64_t index = 5) {
  apply_photometry(drawn, kDraw, index, kSide, kSide, planes.data());
  return planes;
}

AugmentationConfig all_photometry() {
  AugmentationConfig config;
  config.saturation = 0.8;
  config.grey = 0.25;
  config.channel_gain = 0.2;
  config.gamma = 0.5;
  config.blur = 0.6;
  config.noise = 0.05;
  return config;
}

}  // namespace

TEST_CASE("a change of colours is what its numbers say") {
  const auto colours = planes_of(0.2F, 0.4F, 0.9F);
  CHECK(applied({}, colours) == colours);
  const auto grey = applied({.saturation = 0}, colours);
  for (const float value : grey) CHECK(value == Approx(0.5));
  const auto half = applied({.saturation = 0.5}, colours);
  CHECK(half[0] == Approx(0.35));
  CHECK(half[2 * kPixels] == Approx(0.7));
  const auto gained = applied({.gain = {2, 0.5, 3}}, colours);
  CHECK(gained[0] == Approx(0.4));
  CHECK(gained[kPixels] == Approx(0.2));
  CHECK(gained[2 * kPixels] == 1);  // clamped
  const auto curved = applied({.gamma = 2}, colours);
  CHECK(curved[2 * kPixels + 3] == Approx(0.81));
}

TEST_CASE("a blur takes part of the mean of 3 x 3 pixels, and leaves even images as they are") {
  const auto even = planes_of(0.2F, 0.4F, 0.9F);
  const auto blurred = applied({.blur = 1}, even);
  for (size_t i = 0; i < even.size(); ++i) CHECK(blurred[i] == Approx(even[i]));
  auto point = planes_of(0, 0, 0);
  point[3 * kSide + 4] = 0.9F;
  const auto spread = applied({.blur = 0.5}, point);
  CHECK(spread[3 * kSide + 4] == Approx(0.45 + 0.05));
  for (const int64_t neighbour : {2 * kSide + 3, 2 * kSide + 4, 4 * kSide + 5}) CHECK(spread[neighbour] == Approx(0.05));
  CHECK(spread[3 * kSide + 6] == 0);
  auto corner = planes_of(0, 0, 0);
  corner[0] = 0.9F;  // repeated over the border: 4 of the 9 pixels
  CHECK(applied({.blur = 1}, corner)[0] == Approx(0.4));
}

TEST_CASE("noise has the deviation that is asked for, and is a function of draw and sample") {
  const auto grey = planes_of(0.5F, 0.5F, 0.5F);
  double sum = 0, squares = 0;
  constexpr int64_t kImages = 200;
  for (int64_t i = 0; i < kImages; ++i) {
    for (const float value : applied({.noise = 0.1}, grey, i)) {
      sum += value - 0.5;
      squares += (value - 0.5) * (value - 0.5);
    }
  }
  constexpr double kCount = 3.0 * kPixels * kImages;
  CHECK(std::abs(sum / kCount) < 4 * 0.1 / std::sqrt(kCount));
  CHECK(std::sqrt(squares / kCount) == Approx(0.1).epsilon(0.02));
  CHECK(applied({.noise = 0.1}, grey, 3) == applied({.noise = 0.1}, grey, 3));
  CHECK(applied({.noise = 0.1}, grey, 3) != applied({.noise = 0.1}, grey, 4));
}

TEST_CASE("photometric changes are drawn within their bounds, each whatever the others are") {
  const AugmentationConfig config = all_photometry();
  AugmentationConfig gamma_only;
  gamma_only.gamma = config.gamma;
  int greys = 0;
  double lowest = 1, highest = 0;
  for (int64_t i = 0; i < 2000; ++i) {
    const DrawnPhotometry drawn = draw_photometry(config, kDraw, i);
    REQUIRE(drawn.changes);
    if (drawn.saturation == 0) ++greys;
    REQUIRE((drawn.saturation == 0 || (drawn.saturation > 0.2 && drawn.saturation <= 1)));
    for (const double gain : drawn.gain) REQUIRE(std::abs(std::log(gain)) <= 0.2);
    REQUIRE(std::abs(std::log(drawn.gamma)) <= 0.5);
    REQUIRE((drawn.blur >= 0 && drawn.blur < 0.6 && drawn.noise >= 0 && drawn.noise < 0.05));
    lowest = std::min(lowest, std::log(drawn.gamma)), highest = std::max(highest, std::log(drawn.gamma));
    REQUIRE(draw_photometry(gamma_only, kDraw, i).gamma == drawn.gamma);
  }
  CHECK(greys == Approx(500).margin(80));
  CHECK(lowest < -0.48);
  CHECK(highest > 0.48);
  CHECK_FALSE(draw_photometry({}, kDraw, 1).changes);
}

TEST_CASE("the scale of an image keeps shapes and is the same along both axes") {
  AugmentationConfig config;
  config.scale = 0.4;
  config.rotation_deg = 180;
  double smallest = 10, largest = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    const Affine m = draw_augmentation(config, kDraw, i, 64, 64).affine;
    const double across = std::hypot(m[0], m[3]), down = std::hypot(m[1], m[4]);
    REQUIRE(across == Approx(down));
    REQUIRE(m[0] * m[1] + m[3] * m[4] == Approx(0).margin(1e-12));
    smallest = std::min(smallest, across), largest = std::max(largest, across);
  }
  CHECK(smallest == Approx(std::exp(-0.4)).epsilon(0.01));
  CHECK(largest == Approx(std::exp(0.4)).epsilon(0.01));
}
