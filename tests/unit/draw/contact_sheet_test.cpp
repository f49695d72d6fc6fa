#include "hpcai/draw/contact_sheet.h"

#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/draw/font.h"

namespace hpcai::draw {
namespace {

Thumbnail plain(int64_t height, int64_t width, uint8_t grey, const std::string& caption = "") {
  Thumbnail thumbnail;
  thumbnail.image.height = height;
  thumbnail.image.width = width;
  thumbnail.image.pixels.assign(static_cast<size_t>(3 * height * width), grey);
  thumbnail.caption = caption;
  return thumbnail;
}

uint8_t at(const Raster& image, int64_t y, int64_t x) { return image.pixels[static_cast<size_t>(3 * (y * image.width + x))]; }

int64_t pixels_of(const Raster& image, uint8_t grey) {
  int64_t count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) count += image.pixels[i] == grey;
  return count;
}

TEST_CASE("A contact sheet holds every thumbnail in its place, magnified, and nothing else") {
  const std::vector<Thumbnail> thumbnails = {plain(8, 6, 50), plain(8, 6, 100), plain(8, 6, 150)};
  const Raster sheet = contact_sheet(thumbnails, 2, 3);
  CHECK(sheet.width == 4 + 2 * (18 + 4));
  CHECK(sheet.height == 4 + 2 * (24 + 4));
  for (const uint8_t grey : {50, 100, 150}) CHECK(pixels_of(sheet, grey) == 8 * 6 * 9);
  CHECK(pixels_of(sheet, 0) == sheet.width * sheet.height - 3 * 8 * 6 * 9);
  CHECK(at(sheet, 4, 4) == 50);
  CHECK(at(sheet, 4, 26) == 100);
  CHECK(at(sheet, 32, 4) == 150);
}

TEST_CASE("Thumbnails of different sizes are centred in cells of the largest") {
  const Raster sheet = contact_sheet(std::vector<Thumbnail>{plain(10, 10, 50), plain(4, 2, 100)}, 2);
  CHECK(at(sheet, 4 + 3, 4 + 10 + 4 + 4) == 100);
  CHECK(at(sheet, 4 + 2, 4 + 10 + 4 + 4) == 0);
  CHECK(pixels_of(sheet, 100) == 8);
}

TEST_CASE("Captions are drawn letter by letter below the image and cut at its edge") {
  const Raster sheet = contact_sheet(std::vector<Thumbnail>{plain(20, 20, 50, "q1.5")}, 5);
  CHECK(sheet.width == 28);
  int64_t lit = 0;
  for (const char c : {'q', '1', '.'}) {  // three characters of six pixels fit
    for (const uint8_t row : glyph(c)) lit += __builtin_popcount(row);
  }
  CHECK(pixels_of(sheet, 210) == lit);
}

TEST_CASE("Contact sheets without images or of nonsense sizes are refused") {
  const std::vector<Thumbnail> one = {plain(10, 10, 50)};
  CHECK_THROWS_AS(contact_sheet({}, 3), Error);
  CHECK_THROWS_AS(contact_sheet(one, 0), Error);
  CHECK_THROWS_AS(contact_sheet(one, -4), Error);
  CHECK_THROWS_AS(contact_sheet(one, 1, 0), Error);
  CHECK_THROWS_AS(contact_sheet(one, 1, std::numeric_limits<int64_t>::max()), Error);
  CHECK_THROWS_AS(contact_sheet(std::vector<Thumbnail>(3000, one[0]), 3000), Error);
}

}  // namespace
}  // namespace hpcai::draw
