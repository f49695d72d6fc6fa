#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "galaxy_statistics.h"
#include "hpcai/core/error.h"
#include "hpcai/core/parallel.h"
#include "hpcai/simulate/galaxy.h"
#include "hpcai/simulate/galaxy_draw.h"

namespace hpcai::simulate {
namespace {

using test::mean;
using test::median;

TEST_CASE("An image is a function of survey, size, seed and index, on any thread") {
  std::vector<GalaxyImage> first(40), second(40);
  for (int64_t i = 0; i < 40; ++i) {
    first[i] = render(i % 2 == 0 ? Survey::sdss : Survey::des, 48, 9, static_cast<uint64_t>(i));
  }
  parallel_for(40, 4, [&](int64_t k) {
    const int64_t i = 39 - k;
    second[i] = render(i % 2 == 0 ? Survey::sdss : Survey::des, 48, 9, static_cast<uint64_t>(i));
  });
  for (size_t i = 0; i < 40; ++i) {
    CHECK(first[i].pixels == second[i].pixels);
    CHECK(first[i].label == second[i].label);
    if (i > 0) CHECK(first[i].pixels != first[i - 1].pixels);
  }
  CHECK(render(Survey::sdss, 48, 10, 0).pixels != first[0].pixels);
  CHECK(render(Survey::des, 48, 9, 0).pixels != first[0].pixels);
}

TEST_CASE("Labels and true parameters do not depend on survey and size") {
  for (uint64_t i = 0; i < 50; ++i) {
    const GalaxyImage sdss = render(Survey::sdss, 32, 1, i), des = render(Survey::des, 40, 1, i);
    CHECK(sdss.label == des.label);
    CHECK(sdss.label == sdss.truth.label);
    CHECK(sdss.truth.magnitude == des.truth.magnitude);
    CHECK(sdss.truth.position_angle == des.truth.position_angle);
    CHECK(sdss.truth.arms.phase == des.truth.arms.phase);
  }
}

TEST_CASE("Images of every size from 32 to 299 are made, each with contrast") {
  for (int size = 32; size <= 299; size += 13) {
    for (const Survey survey : {Survey::sdss, Survey::des}) {
      CAPTURE(size);
      const GalaxyImage image = render(survey, size, 2, static_cast<uint64_t>(size));
      REQUIRE(image.size == size);
      REQUIRE(image.pixels.size() == static_cast<size_t>(3 * size * size));
      const auto [low, high] = std::minmax_element(image.pixels.begin(), image.pixels.end());
      CHECK(*high - *low > 100);
    }
  }
}

TEST_CASE("Sizes that make no sense are refused before anything is drawn") {
  for (const int size : {-1, 0, 15, 1025, 2000000000}) {
    try {
      render(Survey::sdss, size, 1, 1);
      FAIL("accepted " << size);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(std::string(error.what()).find(std::to_string(size)) != std::string::npos);
      CHECK(error.remedy().find("16 to 1024") != std::string::npos);
    }
  }
}

TEST_CASE("Extreme seeds and indices give finite images") {
  for (const uint64_t extreme : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63}) {
    for (const Survey survey : {Survey::sdss, Survey::des}) {
      const Exposure exposure = expose(survey, draw_galaxy(extreme, extreme), 64);
      for (const Plane& plane : exposure.planes) {
        for (const float value : plane.values) REQUIRE(std::isfinite(value));
      }
    }
  }
}

TEST_CASE("Exposures hold no value that is not finite") {
  for (uint64_t i = 0; i < 400; ++i) {
    const Exposure exposure = expose(i % 4 < 2 ? Survey::sdss : Survey::des, draw_galaxy(77, i), 64);
    for (const Plane& plane : exposure.planes) {
      for (const float value : plane.values) {
        if (!std::isfinite(value)) FAIL("object " << i);
      }
    }
  }
}

struct Appearance {
  std::vector<double> sky[3], noise[3], core[3];
};

Appearance appearance(Survey survey) {
  constexpr int kSize = 62, kCorner = 10;
  Appearance out;
  for (uint64_t i = 0; i < 160; ++i) {
    const GalaxyImage image = render(survey, kSize, 21, i);
    for (int c = 0; c < 3; ++c) {
      std::vector<double> corner;
      double core = 0;
      for (int row = 0; row < kSize; ++row) {
        for (int column = 0; column < kSize; ++column) {
          const double value = image.pixels[static_cast<size_t>(3 * (row * kSize + column) + c)];
          if (row < kCorner && column < kCorner) corner.push_back(value);
          if (std::abs(row - 30.5) < 2 && std::abs(column - 30.5) < 2) core += value / 16;
        }
      }
      out.sky[c].push_back(median(corner));
      out.noise[c].push_back(test::deviation(corner));
      out.core[c].push_back(core);
    }
  }
  return out;
}

// The numbers are those of the 65 SDSS and DES thumbnails, 62 x 62, of the high-certainty test set of arXiv:1812.02183,
// ellipticals and spirals weighted equally.
TEST_CASE("Sky level, noise and core brightness are those of real SDSS and DES images") {
  const Appearance sdss = appearance(Survey::sdss), des = appearance(Survey::des);
  const double real_noise[3] = {15.8, 6.6, 9.9};
  const double real_core[3] = {232, 238, 237};
  for (int c = 0; c < 3; ++c) {
    CAPTURE(c);
    CHECK(median(sdss.sky[c]) == Approx(32).margin(6));
    CHECK(median(sdss.noise[c]) == Approx(real_noise[c]).epsilon(0.4));
    CHECK(mean(sdss.core[c]) == Approx(real_core[c]).margin(22));
    CHECK(median(des.sky[c]) == Approx(27).margin(6));
    CHECK(median(des.noise[c]) == Approx(2).margin(1.3));
    CHECK(mean(des.core[c]) == Approx(217).margin(16));
    CHECK(median(sdss.noise[c]) > 2 * median(des.noise[c]));
  }
}

}  // namespace
}  // namespace hpcai::simulate
