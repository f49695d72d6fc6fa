#include "hpcai/data/png.h"

#include <png.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/random.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

Image noise(int64_t height, int64_t width, uint64_t seed = 1) {
  Image image;
  image.height = height;
  image.width = width;
  Random random(seed, 0, 0, Purpose::test);
  image.pixels.resize(static_cast<size_t>(3 * height * width));
  for (uint8_t& byte : image.pixels) byte = static_cast<uint8_t>(random.bits());
  return image;
}

// A PNG of any type, written through libpng's row interface, which the code under test does not use.
struct Rows {
  int width, height, depth, colour;
  std::vector<std::vector<uint8_t>> rows;
  std::vector<png_color> palette{};
  std::vector<uint8_t> palette_alpha{};
  double gamma = 0;
  bool interlaced = false;
};

std::string write_rows(const Rows& rows) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, size_t size) {
    static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(rows.width), static_cast<png_uint_32>(rows.height), rows.depth, rows.colour,
               rows.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!rows.palette.empty()) png_set_PLTE(png, info, rows.palette.data(), static_cast<int>(rows.palette.size()));
  if (!rows.palette_alpha.empty()) {
    png_set_tRNS(png, info, rows.palette_alpha.data(), static_cast<int>(rows.palette_alpha.size()), nullptr);
  }
  if (rows.gamma > 0) png_set_gAMA(png, info, rows.gamma);
  std::vector<png_bytep> pointers;
  for (const auto& row : rows.rows) pointers.push_back(const_cast<png_bytep>(row.data()));
  png_set_rows(png, info, pointers.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::vector<uint8_t> decoded(const Rows& rows) { return decode_png(write_rows(rows), "made.png").pixels; }

fs::path scratch(const std::string& name) {
  const fs::path folder = fs::temp_directory_path() / ("hpcai_png_test_" + std::to_string(getpid()));
  fs::create_directories(folder);
  return folder / name;
}

void check_refused(const std::string& bytes, const std::string& because = "") {
  try {
    decode_png(bytes, "night 7/galaxy.png");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    CHECK(std::string(error.what()).find("night 7/galaxy.png") != std::string::npos);
    CHECK(std::string(error.what()).find(because) != std::string::npos);
  }
}

TEST_CASE("PNG images come back exactly, whatever their shape") {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 300}, {300, 1}, {7, 13}, {64, 64}, {200, 201}}) {
    const Image image = noise(height, width);
    const Image back = decode_png(encode_png(image), "memory");
    CHECK(back.height == height);
    CHECK(back.width == width);
    CHECK(back.pixels == image.pixels);
    CHECK(back.reduction == 1);
  }
}

TEST_CASE("A PNG file is written whole and read back") {
  const fs::path path = scratch("round trip.png");
  const Image image = noise(20, 30, 5);
  write_png(path, image);
  CHECK(read_png(path).pixels == image.pixels);
  write_png(path, noise(3, 3));  // replaces it
  CHECK(read_png(path).width == 3);
  fs::remove_all(path.parent_path());
}

TEST_CASE("Grey, palette, transparent and 16-bit PNG files become 8-bit colours") {
  SECTION("8-bit grey") {
    CHECK(decoded({2, 1, 8, PNG_COLOR_TYPE_GRAY, {{0, 200}}}) == std::vector<uint8_t>{0, 0, 0, 200, 200, 200});
  }
  SECTION("1-bit grey") {
    CHECK(decoded({3, 1, 1, PNG_COLOR_TYPE_GRAY, {{0b10100000}}}) == std::vector<uint8_t>{255, 255, 255, 0, 0, 0, 255, 255, 255});
  }
  SECTION("16-bit grey, rounded: 0x1234 is 18.13") {
    CHECK(decoded({2, 1, 16, PNG_COLOR_TYPE_GRAY, {{0xFF, 0xFF, 0x12, 0x34}}}) ==
          std::vector<uint8_t>{255, 255, 255, 18, 18, 18});
  }
  SECTION("16-bit colour") {
    CHECK(decoded({1, 1, 16, PNG_COLOR_TYPE_RGB, {{0x00, 0xFF, 0x80, 0x00, 0xFF, 0x00}}}) == std::vector<uint8_t>{1, 128, 254});
  }
  SECTION("palette") {
    CHECK(decoded({2, 1, 8, PNG_COLOR_TYPE_PALETTE, {{1, 0}}, {{10, 20, 30}, {40, 50, 60}}}) ==
          std::vector<uint8_t>{40, 50, 60, 10, 20, 30});
  }
  SECTION("palette with transparency, laid on black") {
    CHECK(decoded({2, 1, 8, PNG_COLOR_TYPE_PALETTE, {{1, 0}}, {{10, 20, 30}, {40, 50, 60}}, {0, 255}}) ==
          std::vector<uint8_t>{40, 50, 60, 0, 0, 0});
  }
  SECTION("colour with transparency, laid on black") {
    CHECK(decoded({2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {{200, 100, 50, 255, 200, 100, 50, 51}}}) ==
          std::vector<uint8_t>{200, 100, 50, 40, 20, 10});
  }
  SECTION("grey with transparency") {
    CHECK(decoded({1, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {{200, 0}}}) == std::vector<uint8_t>{0, 0, 0});
  }
  SECTION("a gamma chunk changes nothing") {
    Rows rows{1, 1, 8, PNG_COLOR_TYPE_GRAY, {{100}}};
    rows.gamma = 1.0;
    CHECK(decoded(rows) == std::vector<uint8_t>{100, 100, 100});
  }
  SECTION("interlaced") {
    const Image image = noise(9, 11);
    Rows rows{11, 9, 8, PNG_COLOR_TYPE_RGB, {}};
    rows.interlaced = true;
    for (auto row = image.pixels.begin(); row != image.pixels.end(); row += 33) rows.rows.emplace_back(row, row + 33);
    CHECK(decoded(rows) == image.pixels);
  }
}

TEST_CASE("A PNG truncated anywhere is refused, and its name told") {
  const std::string whole = encode_png(noise(12, 12));
  for (size_t size = 0; size < whole.size(); ++size) check_refused(whole.substr(0, size));
}

TEST_CASE("Damage to a PNG is refused or harmless, and never crashes") {
  const std::string whole = encode_png(noise(16, 16));
  const size_t data = whole.find("IDAT");
  Random random(3, 0, 0, Purpose::test);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    damaged[random.below(damaged.size())] ^= static_cast<char>(1 + random.below(255));
    try {
      const Image image = decode_png(damaged, "damaged");
      REQUIRE(image.pixels.size() == static_cast<size_t>(3 * image.height * image.width));
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::bad_data);
      ++refused;
    }
  }
  CHECK(refused > 1800);
  std::string damaged = whole;
  damaged[data + 20] ^= 1;
  check_refused(damaged);
}

TEST_CASE("What is not a PNG is refused") {
  check_refused("");
  check_refused("P6 1 1 255 abc");
  check_refused(std::string(1000, '\0'));
  check_refused("\xFF\xD8\xFF\xE0 a JPEG");
}

uint32_t crc(std::string_view bytes) {
  uint32_t value = 0xFFFFFFFF;
  for (const char byte : bytes) {
    value ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
  }
  return ~value;
}

std::string big_endian(uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

// A small PNG whose header claims other sides.
std::string claiming(uint32_t width, uint32_t height) {
  std::string bytes = encode_png(noise(4, 4));
  bytes.replace(16, 8, big_endian(width) + big_endian(height));
  bytes.replace(29, 4, big_endian(crc(std::string_view(bytes).substr(12, 17))));
  return bytes;
}

TEST_CASE("Headers that claim huge images are refused before memory is taken") {
  check_refused(claiming(20001, 1), "20001 x 1 pixels");
  check_refused(claiming(1, 20001), "1 x 20001 pixels");
  check_refused(claiming(20000, 20000), "more than 100000000 in all");
  check_refused(claiming(0, 5));
  check_refused(claiming(5, 5));  // too few data
}

TEST_CASE("A PNG that cannot be read or written is an error that names it") {
  try {
    read_png("/nonexistent/a.png");
    FAIL("read");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::missing_input);
    CHECK(std::string(error.what()).find("/nonexistent/a.png") != std::string::npos);
  }
  try {
    write_png("/nonexistent/a.png", noise(2, 2));
    FAIL("wrote");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::cannot_write);
    CHECK(std::string(error.what()).find("/nonexistent/") != std::string::npos);
  }
}

TEST_CASE("Images whose bytes and sides disagree are not encoded") {
  Image image = noise(3, 3);
  image.width = 4;
  CHECK_THROWS_AS(encode_png(image), Error);
  CHECK_THROWS_AS(encode_png({}), Error);
}

TEST_CASE("Real SDSS and DES thumbnails decode to 62 x 62 pixels with the sky where it was measured") {
  const fs::path folder = HPCAI_SOURCE_DIR "/../shared/realdata/des_sdss_pairs";
  if (!fs::exists(folder)) {
    WARN("skipped: no real images at " << folder);
    return;
  }
  int count = 0;
  double corner = 0;
  for (const char* part : {"sdss", "des"}) {
    for (const auto& entry : fs::directory_iterator(folder / part)) {
      const Image image = read_png(entry.path());
      REQUIRE(image.height == 62);
      REQUIRE(image.width == 62);
      corner += image.pixels[3 * (62 * 5 + 5) + 1];
      ++count;
    }
  }
  CHECK(count == 130);
  CHECK(corner / count == Approx(30).margin(5));
}

}  // namespace
}  // namespace hpcai::data
