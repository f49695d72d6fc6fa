#include <catch2/catch.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "hpcai/core/file.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/image.h"
#include "hpcai/data/png.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::string digest(const std::vector<uint8_t>& pixels) {
  return sha256({reinterpret_cast<const char*>(pixels.data()), pixels.size()});
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

double mean(const std::vector<uint8_t>& bytes) {
  double sum = 0;
  for (uint8_t byte : bytes) sum += byte;
  return sum / static_cast<double>(bytes.size());
}

std::string sdss_bytes() {
  const auto folder = test::real_data("sdss_gz1");
  return folder.empty() ? "" : read_file(folder / "images/587722981742215240.jpg");
}

}  // namespace

// Reference: SHA-256 of the RGB bytes that Pillow (libjpeg-turbo) decodes.
TEST_CASE("real JPEGs decode to the same bytes as in Pillow") {
  const auto folder = test::real_data("sdss_gz1");
  if (folder.empty()) return;
  const std::pair<const char*, const char*> references[] = {
      {"587722981742215240", "f04dab379f6a98bd2ba27d8dc06196845ad1e5c8a1b38ce66ee96643b99abfd5"},
      {"587722982274498694", "b78eb6ac070d4c10dcc95682cdbd486379bef9efe4b99bfce899936377411557"},
      {"587738946146533461", "dc9e65bbaa5310ac0f44e500a2e5838e697f26bd5a73b74fb1589d2062a0f153"},
      {"587722981733826738", "86a9f37cc5ddc4f3f95b51f929b422ef3ffdaf42ef75a9a4cef3df4bed92b231"},
      {"588848901524291685", "13b57b2661181ccd2eeeef7aa31bf6042c950f5d07defa93b59bc5e79d0a19b8"},
  };
  for (const auto& [name, hash] : references) {
    const auto path = folder / "images" / (std::string(name) + ".jpg");
    const ImageHeader header = read_image_header(path);
    CHECK(header.format == ImageFormat::jpeg);
    CHECK(header.width == 423);
    const Image image = decode_image(read_file(path), name);
    CHECK(image.height == 423);
    CHECK(digest(image.pixels) == hash);
  }
}

// Reference: Pillow's crop and resize with BILINEAR, which rounds once more between rows and columns.
TEST_CASE("crop and resize agree with Pillow, shrinking and growing") {
  const std::string bytes = sdss_bytes();
  if (bytes.empty()) return;
  const Image image = decode_image(bytes, "image");
  struct Reference {
    int64_t size;
    double mean;
    std::vector<std::array<int, 5>> pixels;  // x, y, red, green, blue
  };
  const Reference references[] = {
      {64, 17.120442708333332, {{0, 0, 0, 2, 0}, {31, 32, 181, 150, 102}, {40, 20, 19, 21, 18}, {63, 63, 3, 3, 3}}},
      {299, 17.14852555713396, {{0, 0, 0, 2, 0}, {150, 149, 184, 152, 104}, {180, 100, 28, 29, 23}, {298, 298, 8, 8, 8}}},
  };
  for (const Reference& reference : references) {
    const int64_t size = reference.size;
    std::vector<uint8_t> out(static_cast<size_t>(3 * size * size));
    crop_and_resize(image, 208, size, out.data());
    CHECK(mean(out) == Approx(reference.mean).margin(0.1));
    for (const auto& [x, y, red, green, blue] : reference.pixels) {
      const uint8_t* pixel = &out[static_cast<size_t>(3 * (y * size + x))];
      CHECK(std::abs(pixel[0] - red) <= 1);
      CHECK(std::abs(pixel[1] - green) <= 1);
      CHECK(std::abs(pixel[2] - blue) <= 1);
    }
  }
}

namespace {

// The triangle filter in double precision: the weight of pixel j of `from` for pixel i of `to`, not yet divided by their sum.
double triangle(int64_t i, int64_t j, int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double distance = static_cast<double>(j) + 0.5 - (static_cast<double>(i) + 0.5) * scale;
  return std::max(0.0, 1 - std::abs(distance) / std::max(1.0, scale));
}

}  // namespace

TEST_CASE("a resized box is the weighted mean of its pixels, for any number of rows") {
  constexpr int64_t kHeight = 23, kWidth = 19;
  std::vector<uint8_t> pixels(3 * kHeight * kWidth);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i * 31 % 251);
  for (const Box& box : {Box{2, 3, 21, 16}, Box{0, 0, 4, 7}, Box{1, 0, 6, 19}, Box{5, 5, 1, 1}}) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{9, 6}, {30, 25}, {1, 1}, {5, 17}}) {
      std::vector<uint8_t> out(static_cast<size_t>(3 * height * width) + 1, 77);
      resize_box(pixels.data(), kWidth, box, height, width, out.data());
      double worst = 0;
      for (int64_t k = 0; k < 3 * height * width; ++k) {
        const int64_t y = k / (3 * width), x = k / 3 % width;
        double sum = 0, weights = 0;
        for (int64_t i = 0; i < box.height; ++i) {
          for (int64_t j = 0; j < box.width; ++j) {
            const double weight = triangle(y, i, box.height, height) * triangle(x, j, box.width, width);
            sum += weight * pixels[static_cast<size_t>(3 * ((box.top + i) * kWidth + box.left + j) + k % 3)];
            weights += weight;
          }
        }
        worst = std::max(worst, std::abs(out[static_cast<size_t>(k)] - sum / weights));
      }
      CHECK(worst < 0.501);  // rounded to the nearest byte
      CHECK(out.back() == 77);
    }
  }
}

TEST_CASE("a crop of the size that is needed copies pixels") {
  Image image{6, 8, std::vector<uint8_t>(6 * 8 * 3), 1};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i);
  std::vector<uint8_t> out(4 * 4 * 3);
  crop_and_resize(image, 4, 4, out.data());
  for (int y = 0; y < 4; ++y) {
    for (int i = 0; i < 12; ++i) CHECK(out[static_cast<size_t>(12 * y + i)] == static_cast<uint8_t>((y + 1) * 24 + 6 + i));
  }
  CHECK(error_of([&] { crop_and_resize(image, 7, 4, out.data()); }) == "8 x 6 pixels, smaller than the crop of 7");
}

TEST_CASE("a JPEG decoded at reduced size shows the same picture") {
  const std::string bytes = sdss_bytes();
  if (bytes.empty()) return;
  const Image half = decode_image(bytes, "image", 200);
  CHECK(half.reduction == 2);
  CHECK(half.width == 212);
  CHECK(decode_image(bytes, "image", 212).reduction == 1);
  std::vector<uint8_t> from_half(3 * 32 * 32), from_whole(3 * 32 * 32);
  crop_and_resize(half, 208, 32, from_half.data());
  crop_and_resize(decode_image(bytes, "image"), 208, 32, from_whole.data());
  double difference = 0;
  for (size_t i = 0; i < from_half.size(); ++i) difference += std::abs(from_half[i] - from_whole[i]);
  CHECK(difference / static_cast<double>(from_half.size()) < 1.5);
}

TEST_CASE("damaged image files are told apart") {
  CHECK(error_of([] { image_header(""); }) == "an empty file");
  CHECK(error_of([] { image_header("file,label\n"); }) == "neither a JPEG, a PNG nor a FITS file");
  CHECK(error_of([] { image_header("\x89PNG\r\n\x1A\nxx"); }) == "damaged PNG: no header");
  CHECK(error_of([] { image_header("\xFF\xD8\xFF"); }).starts_with("damaged JPEG: "));
  std::string huge = encode_png({1, 1, {0, 0, 0}, 1});
  huge[16] = huge[20] = '\xFF';  // as many pixels a side as a PNG can say
  CHECK(error_of([&] { image_header(huge); }) == "4278190081 x 4278190081 pixels: its width has more than 20000 pixels");
  CHECK(error_of([] { check_image_size(64, 20001); }) == "20001 x 64 pixels: its width has more than 20000 pixels");
  CHECK(error_of([] { check_image_size(20001, 64); }) == "64 x 20001 pixels: its height has more than 20000 pixels");
  CHECK(error_of([] { check_image_size(13000, 20000); }) == "20000 x 13000 pixels: more than 100000000 in all");
  CHECK(error_of([] { check_image_size(5000, 20000); }).empty());
  CHECK(error_of([] { check_image_size(0, 5); }) == "5 x 0 pixels");
  const std::string bytes = sdss_bytes();
  if (bytes.empty()) return;
  CHECK(error_of([&] { decode_image(bytes.substr(0, bytes.size() / 2), "x"); }) == "damaged JPEG: Premature end of JPEG file");
  std::string broken = bytes;
  for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) broken[i] = '\0';
  CHECK(error_of([&] { decode_image(broken, "x"); }).starts_with("damaged JPEG: Corrupt JPEG data"));
}

TEST_CASE("no truncated and no randomly changed JPEG upsets the decoder") {
  const std::string bytes = sdss_bytes();
  if (bytes.empty()) return;
  for (size_t size = 0; size < bytes.size(); size += 97) {
    CHECK_FALSE(error_of([&] { decode_image(bytes.substr(0, size), "x"); }).empty());
  }
  for (size_t at = 2; at < 700; at += 3) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    error_of([&] { decode_image(changed, "x"); });
  }
}

TEST_CASE("a PNG goes through the same door as a JPEG") {
  Image image{2, 3, {}, 1};
  for (int i = 0; i < 18; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 13));
  const test::TemporaryFolder folder;
  write_png(folder / "a.png", image);
  const ImageHeader header = read_image_header(folder / "a.png");
  CHECK(header.format == ImageFormat::png);
  CHECK(header.height == 2);
  CHECK(header.width == 3);
  CHECK(decode_image(read_file(folder / "a.png"), "a.png").pixels == image.pixels);
  CHECK(test::thrown_by([&] { read_image_header(folder / "b.png"); }).code == ExitCode::missing_input);
}
