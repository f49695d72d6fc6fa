#include "hpcai/data/jpeg.h"

// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using namespace hpcai::data;

namespace {

// A grey JPEG with this many scans: all coefficients but the first come one by one and bit by bit.
std::string progressive_jpeg(unsigned side, int scans) {
  std::vector<jpeg_scan_info> script;
  const auto add = [&](int first, int last, int from, int to) { script.push_back({1, {0, 0, 0, 0}, first, last, from, to}); };
  constexpr int kBits = 5;
  add(0, 0, 0, 0);
  for (int k = 1; k < 64; ++k) add(k, k, 0, kBits);
  for (int bit = kBits; bit > 0; --bit) {
    for (int k = 1; k < 64; ++k) add(k, k, bit, bit - 1);
  }
  REQUIRE(scans <= static_cast<int>(script.size()));
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = info.image_height = side;
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  info.scan_info = script.data();
  info.num_scans = scans;
  jpeg_start_compress(&info, TRUE);
  std::vector<JSAMPLE> line(side, 77);
  JSAMPROW row = line.data();
  while (info.next_scanline < side) jpeg_write_scanlines(&info, &row, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return result;
}

std::string jpeg_error(const std::string& bytes) {
  try {
    decode_jpeg(bytes, 0);
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a JPEG of so many scans that decoding it takes minutes is refused within moments") {
  CHECK(jpeg_error(progressive_jpeg(64, 1)).empty());
  CHECK(jpeg_error(progressive_jpeg(64, 90)).empty());
  CHECK(jpeg_error(progressive_jpeg(64, 300)) == "damaged JPEG: more than 100 scans of 64 x 64 pixels");
  const std::string large = progressive_jpeg(6000, 60);
  CHECK(large.size() < 3'000'000);
  const auto start = std::chrono::steady_clock::now();
  CHECK(jpeg_error(large) == "damaged JPEG: more than 16 scans of 6000 x 6000 pixels");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("pixels do not depend on the memory that they are put into, which is used again") {
  const std::string bytes = progressive_jpeg(64, 1);
  const std::vector<uint8_t> expected = decode_jpeg(bytes, 0).pixels;
  for (const size_t size : {size_t{1}, size_t{3 * 64 * 64}, size_t{100'000}}) {
    std::vector<uint8_t> memory(size, 99);
    memory.reserve(200'000);
    const uint8_t* const place = memory.data();
    const Image image = decode_jpeg(bytes, 0, std::move(memory));
    CHECK(image.pixels == expected);
    CHECK(image.pixels.data() == place);
  }
}

TEST_CASE("decoding stops at the first sign of damage") {
  const std::string bytes = progressive_jpeg(64, 20);
  CHECK(jpeg_error(bytes.substr(0, bytes.size() - 40)) == "damaged JPEG: Premature end of JPEG file");
}
