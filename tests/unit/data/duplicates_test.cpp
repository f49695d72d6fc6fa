#include "hpcai/data/duplicates.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "hpcai/core/random.h"
#include "hpcai/data/open.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

using Bytes = std::vector<uint8_t>;
constexpr int64_t kPixels = 64;

std::vector<Bytes> galaxies(int64_t count) {
  SimulatedGalaxiesConfig config;
  config.image_size = kPixels;
  config.train = count;
  config.validation = config.test = 0;
  config.cache_mb = 0;
  const auto train = data::open(config, 0).train;
  std::vector<Bytes> images;
  for (int64_t i = 0; i < count; ++i) images.push_back(image_bytes(train->spec(), test::read_input(*train, i).data()));
  return images;
}

Bytes transposed(const Bytes& image) {
  Bytes result(image.size());
  for (int64_t y = 0; y < kPixels; ++y) {
    for (int64_t x = 0; x < kPixels; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        result[static_cast<size_t>(3 * (x * kPixels + y) + c)] = image[static_cast<size_t>(3 * (y * kPixels + x) + c)];
      }
    }
  }
  return result;
}

Bytes upside_down(const Bytes& image) {
  Bytes result;
  for (int64_t y = kPixels - 1; y >= 0; --y) {
    result.insert(result.end(), image.begin() + 3 * y * kPixels, image.begin() + 3 * (y + 1) * kPixels);
  }
  return result;
}

Bytes with_noise(const Bytes& image, double deviation) {
  Random random(5, 0, 0, Purpose::test);
  Bytes result;
  for (const uint8_t byte : image) {
    result.push_back(static_cast<uint8_t>(std::clamp(std::lround(byte + deviation * random.normal()), 0L, 255L)));
  }
  return result;
}

Bytes brighter(const Bytes& image) {
  Bytes result;
  for (const uint8_t byte : image) result.push_back(static_cast<uint8_t>(std::min(255L, std::lround(1.05 * byte + 2))));
  return result;
}

std::vector<Duplicate> duplicates_of(const std::vector<Bytes>& images) {
  std::vector<PictureHash> hashes;
  for (const Bytes& image : images) hashes.push_back(hash_picture(image, kPixels, kPixels));
  const auto compare = [&](int64_t a, int64_t b) -> std::optional<double> {
    return picture_difference(images[static_cast<size_t>(a)], images[static_cast<size_t>(b)], kPixels, kPixels);
  };
  return find_duplicates(hashes, compare, 0, {});
}

}  // namespace

TEST_CASE("equal, turned, mirrored, noisier and brighter copies are found among galaxies, and no galaxy is taken for another") {
  std::vector<Bytes> images = galaxies(1000);
  CHECK(duplicates_of(images).empty());
  std::map<int64_t, int64_t> certain, noisy;  // the original of each copy
  const auto add_copy = [&](std::map<int64_t, int64_t>& copies, int64_t of, const Bytes& copy) {
    copies.emplace(static_cast<int64_t>(images.size()), of);
    images.push_back(copy);
  };
  add_copy(certain, 3, images[3]);
  for (int64_t of = 10; of < 40; ++of) {
    const Bytes image = images[static_cast<size_t>(of)], turned = transposed(image);
    add_copy(certain, of, turned);               // mirrored at the diagonal
    add_copy(certain, of, upside_down(turned));  // a quarter turn
    add_copy(certain, of, brighter(upside_down(image)));
    add_copy(noisy, of, with_noise(image, 3));
  }
  size_t found_noisy = 0, found_certain = 0;
  for (const Duplicate& copy : duplicates_of(images)) {
    const bool is_noisy = noisy.contains(copy.second);
    (is_noisy ? found_noisy : found_certain) += 1;
    CHECK((is_noisy ? noisy : certain).at(copy.second) == copy.first);
    CHECK(copy.exact == (copy.second == 1000));
    if (copy.second == 1001 || copy.second == 1002) CHECK(copy.difference == 0);
    // the mean size of a normal number of deviation 3 is 2.39; of dark pixels less, because bytes end at 0
    if (is_noisy) CHECK(copy.difference == Approx(2.39).margin(0.2));
  }
  CHECK(found_certain == certain.size());
  CHECK(found_noisy >= 28);  // of 30: noise hides the structure of faint ones
}

TEST_CASE("images of one value and unreadable ones are no copies of each other") {
  const std::vector<Bytes> images(3, Bytes(3 * kPixels * kPixels, 7));
  CHECK(duplicates_of(images).empty());
  const std::vector<PictureHash> unread(4);
  CHECK(find_duplicates(unread, {}, 1, {}).empty());
  CHECK(find_duplicates({}, {}, 1, {}).empty());
}

TEST_CASE("the input of a network gives the bytes of the image back") {
  for (const PixelScaling scaling : {PixelScaling::unit, PixelScaling::signed_unit, PixelScaling::imagenet}) {
    SyntheticImagesConfig config;
    config.transform.scaling = scaling;
    const auto train = data::open(config, 1).train;
    CHECK(is_image(train->spec()));
    SyntheticImagesConfig unit;
    unit.transform.scaling = PixelScaling::unit;
    const auto plain = test::read_input(*data::open(unit, 1).train, 1);
    const Bytes bytes = image_bytes(train->spec(), test::read_input(*train, 1).data());
    const size_t plane = plain.size() / 3;
    for (size_t i = 0; i < plane; i += 7) {
      for (size_t c = 0; c < 3; ++c) REQUIRE(bytes[3 * i + c] == std::lround(255 * plain[c * plane + i]));
    }
  }
}

TEST_CASE("a picture that is no square is compared without quarter turns") {
  const Bytes a = {1, 1, 1, 5, 5, 5}, b = {5, 5, 5, 1, 1, 1};
  CHECK(picture_difference(a, b, 1, 2) == 0);
  CHECK(picture_difference(a, {6, 5, 5, 1, 1, 1}, 2, 1) == Approx(1.0 / 6));
}
