#include "hpcai/data/wrappers/cached_images.h"

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/core/parallel.h"
#include "noise.h"

using namespace hpcai;
using namespace hpcai::data;
using test::Noise;

namespace {

std::vector<uint8_t> pixels_of(const ImageSet& images, int64_t index) {
  std::vector<uint8_t> buffer;
  const uint8_t* pixels = images.pixels(index, buffer);
  return {pixels, pixels + images.image_size()};
}

}  // namespace

TEST_CASE("an image that is kept is made once, and given without a copy") {
  auto base = std::make_unique<Noise>(4);
  const Noise& noise = *base;
  const CachedImages images(std::move(base));
  CHECK(images.size() == 4);
  CHECK(images.label(2) == 1);
  CHECK(images.class_names() == noise.class_names());
  CHECK(images.id(3) == "n3");
  CHECK(images.where(3) == "noise 3");
  std::vector<uint8_t> buffer;
  const uint8_t* first = images.pixels(2, buffer);
  CHECK(buffer.empty());
  CHECK(images.pixels(2, buffer) == first);
  CHECK(noise.made == 1);
  CHECK(pixels_of(images, 2) == Noise::image(2));
  std::vector<uint8_t> copy(static_cast<size_t>(images.image_size()));
  images.make_pixels(1, copy.data());
  CHECK(copy == Noise::image(1));
  CHECK(noise.made == 2);
}

TEST_CASE("a cache is filled when asked, and only where all images fit") {
  auto make = [](const Noise** noise) {
    auto base = std::make_unique<Noise>(2000);  // 0.72 MB
    *noise = base.get();
    return base;
  };
  const Noise* noise = nullptr;
  const auto kept = cached(make(&noise), 1, FillCache{2, "noise"});
  CHECK(noise->made == 2000);
  for (int64_t i = 0; i < 2000; ++i) REQUIRE(pixels_of(*kept, i) == Noise::image(i));
  CHECK(noise->made == 2000);
  const auto lazy = cached(make(&noise), 1);
  CHECK(noise->made == 0);
  const auto bare = cached(make(&noise), 0, FillCache{2, "noise"});
  CHECK(bare.get() == noise);
  CHECK(noise->made == 0);
}

TEST_CASE("an image that cannot be made is tried again") {
  auto base = std::make_unique<Noise>(2);
  Noise& noise = *base;
  const CachedImages images(std::move(base));
  noise.bad = {1};
  CHECK(test::thrown_by([&] { pixels_of(images, 1); }).what == "noise 1: is bad");
  noise.bad = {};
  CHECK(pixels_of(images, 1) == Noise::image(1));
}

TEST_CASE("several threads may ask for the same image at once") {
  const CachedImages images(std::make_unique<Noise>(50));
  std::atomic<int64_t> wrong{0};
  parallel_for(2000, 4, [&](int64_t i) { wrong += pixels_of(images, i / 40) != Noise::image(i / 40); });
  CHECK(wrong == 0);
}
