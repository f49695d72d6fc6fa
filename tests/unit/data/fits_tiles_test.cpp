#include "hpcai/data/fits_tiles.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "hpcai/data/band_image.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/image.h"
#include "packed_fits.h"

using namespace hpcai::data;
using test::PackedFits;
using test::write_packed_fits;

namespace {

std::string tile_error(const std::string& bytes) {
  try {
    read_fits(bytes, {});
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

std::string with_tile_key(std::string bytes, const std::string& key, const std::string& value) {
  const size_t at = bytes.find((key + std::string(8, ' ')).substr(0, 8) + "=");
  REQUIRE(at != std::string::npos);
  return bytes.replace(at + 10, 20, std::string(20 - value.size(), ' ') + value);
}

// Where the table of tiles begins.
size_t tile_table(const std::string& bytes) {
  size_t end = bytes.find("XTENSION");
  while (bytes.compare(end, 4, "END ") != 0) end += 80;
  return (end / 2880 + 1) * 2880;
}

// The number that says how many bytes the first tile has.
uint32_t first_size(const std::string& bytes) {
  uint32_t size = 0;
  for (size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(bytes[tile_table(bytes) + i]);
  return size;
}

std::string with_first_size(std::string bytes, uint32_t size) {
  for (size_t i = 0; i < 4; ++i) bytes[tile_table(bytes) + i] = static_cast<char>(size >> (24 - 8 * i));
  return bytes;
}

void check_packed(const std::string& bytes, const PackedFits& about, double margin, const std::vector<std::string>& bands = {}) {
  const auto width = static_cast<size_t>(about.sides[0]), height = static_cast<size_t>(about.sides[1]);
  const BandImage image = read_fits(bytes, bands);
  REQUIRE(static_cast<size_t>(image.width) == width);
  REQUIRE(static_cast<size_t>(image.height) == height);
  double worst = 0;
  for (int64_t band = 0; band < image.bands(); ++band) {
    for (size_t i = 0; i < width * height; ++i) {
      const size_t y = height - 1 - i / width;
      const double expected = test::packed_value(static_cast<size_t>(band) * width * height + y * width + i % width);
      worst = std::max(worst, std::abs(image.band(band)[i] - expected));
    }
  }
  CHECK(worst <= margin);
}

void check_packed(const PackedFits& about, double margin) { check_packed(write_packed_fits(about), about, margin); }

}  // namespace

TEST_CASE("images in tiles of all sizes and types are read") {
  for (const int method : {RICE_1, GZIP_1, GZIP_2}) {
    for (const int bits : {BYTE_IMG, SHORT_IMG, LONG_IMG, FLOAT_IMG, DOUBLE_IMG}) {
      for (const std::vector<long>& tile : {std::vector<long>{20, 7}, {50, 30}, {50, 1}, {1, 30}, {3, 4}}) {
        CAPTURE(method, bits, tile);
        check_packed({method, bits, {50, 30}, tile, 4}, bits < 0 ? 4 : 0);
        if (method != RICE_1 && bits < 0) check_packed({method, bits, {50, 30}, tile, 0}, 0);
      }
    }
  }
  for (const long depth : {1, 2, 3}) {
    CAPTURE(depth);
    check_packed({RICE_1, LONG_IMG, {11, 9, 3}, {4, 5, depth}, 4}, 0);
  }
}

TEST_CASE("rounded and whole floats are read from one file in any order") {
  const PackedFits rounded{.bits = FLOAT_IMG, .dither = SUBTRACTIVE_DITHER_1},
      whole{.method = GZIP_1, .bits = FLOAT_IMG, .step = 0};
  const std::string first = write_packed_fits(rounded), second = write_packed_fits(whole);
  const auto extension = [](const std::string& bytes) { return bytes.substr(bytes.find("XTENSION")); };
  check_packed(first + extension(second), rounded, 4, {"1"});
  check_packed(first + extension(second), whole, 0, {"2"});
  check_packed(second + extension(first), whole, 0, {"1"});
  check_packed(second + extension(first), rounded, 4, {"2"});
}

TEST_CASE("a tile whose Rice codes end too early is refused") {
  for (const int bits : {BYTE_IMG, SHORT_IMG, LONG_IMG, FLOAT_IMG}) {
    CAPTURE(bits);
    const std::string sound = write_packed_fits({RICE_1, bits});
    REQUIRE(tile_error(sound) == "");
    const uint32_t size = first_size(sound);
    REQUIRE(size > 50);
    CHECK(tile_error(with_first_size(sound, size + 1)) == "");
    for (const uint32_t less : {size - 1, size / 2, 5U, 1U}) {
      CHECK(tile_error(with_first_size(sound, less)) == "damaged FITS: tile 1 is no sound Rice code");
    }
    std::string zeros = sound;
    const size_t heap = tile_table(sound) + (sound.size() - tile_table(sound) > 5000 ? 4000 : 600);  // in the tiles
    std::fill(zeros.begin() + static_cast<long>(heap), zeros.begin() + static_cast<long>(heap) + 200, '\0');
    tile_error(zeros);  // may be refused, and ends
  }
}

TEST_CASE("Rice parameters that no writer chooses are refused or read") {
  const std::string sound = write_packed_fits({RICE_1, LONG_IMG});
  CHECK(tile_error(with_tile_key(sound, "ZVAL1", "0")) == "damaged FITS: its ZVAL1 is 0");
  CHECK(tile_error(with_tile_key(sound, "ZVAL1", "-32")) == "damaged FITS: its ZVAL1 is -32");
  CHECK(tile_error(with_tile_key(sound, "ZVAL1", "0.5")) == "damaged FITS: its ZVAL1 is 0.5");
  CHECK(tile_error(with_tile_key(sound, "ZVAL1", "1")).ends_with("no sound Rice code"));
  tile_error(with_tile_key(sound, "ZVAL1", "2147483647"));
  CHECK(tile_error(with_tile_key(sound, "ZVAL1", "2147483648")).starts_with("damaged FITS: "));
  CHECK(tile_error(with_tile_key(sound, "ZVAL2", "8")) == "");  // CFITSIO then takes 4
  for (const std::string bytes : {"1", "2"}) tile_error(with_tile_key(sound, "ZVAL2", bytes));
  CHECK(tile_error(with_tile_key(write_packed_fits({RICE_1, FLOAT_IMG}), "ZQUANTIZ", "'NONE'")) == "");
  const std::string narrow = with_tile_key(write_packed_fits({RICE_1, SHORT_IMG}), "ZBITPIX", "-64");  // floats of 2 bytes
  CHECK(tile_error(narrow).starts_with("damaged FITS: "));
}

TEST_CASE("tiles without a size, or that do not hold their pixels, are refused") {
  const std::string sound = write_packed_fits({GZIP_1, LONG_IMG});
  CHECK(tile_error(with_tile_key(sound, "ZTILE1", "0")) == "damaged FITS: its ZTILE1 is 0");
  CHECK(tile_error(with_tile_key(sound, "ZTILE2", "-1")) == "damaged FITS: its ZTILE2 is -1");
  CHECK(tile_error(with_tile_key(sound, "ZTILE1", "19")) == "damaged FITS: tile 1 has 560 bytes for 133 pixels");
  CHECK(tile_error(with_tile_key(sound, "ZTILE2", "40")).starts_with("damaged FITS: "));
  CHECK(tile_error(with_first_size(sound, first_size(sound) / 2)).find("ends too early") != std::string::npos);
  CHECK(tile_error(with_first_size(sound, 0x7fffffff)) == "damaged FITS: the file ends too early");
  const std::string floats = write_packed_fits({GZIP_1, DOUBLE_IMG, {50, 30}, {20, 7}, 0});
  CHECK(tile_error(with_tile_key(floats, "ZBITPIX", "-32")) == "");
  CHECK(tile_error(with_tile_key(floats, "ZNAXIS2", "29")).starts_with("damaged FITS: "));
}
