#include "hpcai/data/stretch.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "fits_files.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/image.h"

using namespace hpcai;
using namespace hpcai::data;
using test::fits_fixture;

namespace {

std::vector<uint8_t> stretched(const BandImage& image, const StretchConfig& config) {
  std::vector<uint8_t> out(static_cast<size_t>(3 * image.height * image.width));
  stretch(image, config, out.data());
  return out;
}

// How many bytes differ by one; more than one is refused.
int differences(const std::vector<uint8_t>& bytes, const std::string& expected) {
  REQUIRE(bytes.size() == expected.size());
  int count = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int difference = std::abs(bytes[i] - static_cast<uint8_t>(expected[i]));
    REQUIRE(difference <= 1);
    count += difference;
  }
  return count;
}

BandImage one_band(std::vector<float> values, int64_t height) {
  const auto width = static_cast<int64_t>(values.size()) / height;
  return {height, width, {"r"}, std::move(values)};
}

}  // namespace

// Reference: NumPy and Pillow in scripts/make_fits_fixtures.py.
TEST_CASE("cut-out, resize and the background's scale agree with NumPy and Pillow") {
  constexpr int64_t kSide = 31, kSize = 24;
  const std::string galaxy = fits_fixture("galaxy.fits.gz");
  const BandImage colour = crop_and_resize(read_fits(galaxy, {"z", "r", "g"}), kSide, kSize);
  CHECK(differences(stretched(colour, DarkerHalfConfig{}), fits_fixture("darker_half.rgb")) <= 2);
  const BandImage grey = crop_and_resize(read_fits(galaxy, {"r"}), kSide, kSize);
  CHECK(differences(stretched(grey, DarkerHalfConfig{}), fits_fixture("grey.rgb")) <= 2);
}

// Reference: make_lupton_rgb of astropy.
TEST_CASE("asinh colours are those of astropy") {
  const BandImage square = crop_and_resize(read_fits(fits_fixture("galaxy.fits.gz"), {"z", "r", "g"}), 48, 48);
  BandImage part{48, 32, square.names, std::vector<float>(3 * 48 * 32)};  // columns 12 to 43 of the file
  for (int64_t row = 0; row < 3 * 48; ++row)
    std::copy_n(&square.values[static_cast<size_t>(48 * row + 8)], 32, &part.values[static_cast<size_t>(32 * row)]);
  CHECK(differences(stretched(part, AsinhConfig{8, 5, 1.5}), fits_fixture("asinh_8_5.rgb")) <= 2);
  CHECK(differences(stretched(part, AsinhConfig{1, 1, 1.5}), fits_fixture("asinh_1_1.rgb")) <= 2);
}

TEST_CASE("the background is the darker half of the pixels that have a value") {
  const std::vector<float> values = {9, 1, NAN, 3, 100, 2};
  const Background background = darker_half(values.data(), 6);
  CHECK(background.mean == Approx(2));  // of 1, 2, 3
  CHECK(background.deviation == Approx(std::sqrt(2.0 / 3)));
  const auto bytes = stretched(one_band(values, 2), DarkerHalfConfig{});
  CHECK(bytes[3 * 2] == 43);  // NaN counts as the mean: 255 / 6, rounded
  CHECK(bytes[3 * 4 + 1] == 255);
}

TEST_CASE("an image of one value is black, and a band without any is refused") {
  CHECK(stretched(one_band({7, 7, 7, 7}, 2), DarkerHalfConfig{}) == std::vector<uint8_t>(12, 0));
  CHECK_THROWS_WITH(stretched(one_band({NAN, NAN}, 1), LinearConfig{}), "band r has no value in the part that is used");
}

TEST_CASE("a linear scale maps its range to bytes") {
  const auto bytes = stretched(one_band({-1, 0, 5, 10, 11, NAN}, 2), LinearConfig{0, 10});
  for (const auto& [pixel, byte] : {std::pair(0, 0), {1, 0}, {2, 128}, {3, 255}, {4, 255}, {5, 0}})
    CHECK(bytes[static_cast<size_t>(3 * pixel)] == byte);
}

TEST_CASE("pixels without a value have no weight when bands are resized") {
  const BandImage image = one_band({1, NAN, 1, 1, NAN, NAN, 1, 1, 1, 1, 3, 3, 1, 1, 3, 3}, 4);
  const BandImage small = crop_and_resize(image, 4, 2);
  for (int64_t i = 0; i < 3; ++i) CHECK(small.values[static_cast<size_t>(i)] < 2);
  CHECK(small.values[0] == Approx(1).margin(0.3));
  const BandImage unknown = crop_and_resize(one_band(std::vector<float>(16, NAN), 4), 4, 2);
  for (const float value : unknown.values) CHECK(std::isnan(value));
}

TEST_CASE("a FITS file goes through the same door as a JPEG") {
  const Image image = decode_image(fits_fixture("cube.fits.gz"), "cube");
  CHECK(image.height == 6);
  CHECK(image.width == 9);
  CHECK(image.pixels.size() == 3 * 54);
  CHECK(image.pixels[0] > image.pixels[3 * 53]);  // the upper rows are brighter
}
