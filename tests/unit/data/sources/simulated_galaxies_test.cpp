#include "hpcai/data/sources/simulated_galaxies.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/data/open.h"
#include "hpcai/simulate/galaxy.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("simulated galaxies are those of the renderer, with its labels, and splits share none") {
  SimulatedGalaxiesConfig config;
  config.image_size = 32;
  config.train = 6;
  config.validation = 4;
  config.test = 0;
  config.seed = 11;
  config.transform.scaling = PixelScaling::unit;
  const Splits splits = data::open(config, 2);
  CHECK(splits.test == nullptr);
  CHECK(splits.train->spec() == *spec_of(config));
  CHECK(splits.validation->id(0) == "6");
  for (int64_t i = 0; i < 4; ++i) {
    const auto image = simulate::render(simulate::Survey::sdss, 32, 11, static_cast<uint64_t>(6 + i));
    const int64_t rows[] = {i};
    CHECK(splits.validation->targets(rows).data_ptr<int64_t>()[0] == image.label);
    const auto input = test::read_input(*splits.validation, i);
    for (size_t p = 0; p < 32 * 32; ++p) REQUIRE(input[p] == Approx(image.pixels[3 * p] / 255.0).margin(1e-6));
  }
}

TEST_CASE("images that are made are cropped, too") {
  SimulatedGalaxiesConfig config;
  config.train = 4;
  config.validation = 0;
  config.test = 0;
  config.image_size = 24;
  config.transform.augmentation.crop_area = 0.08;
  const auto train = data::open(config, 1).train;
  const Draw first{1, 0}, second{1, 1};
  std::vector<float> a(3 * 24 * 24), b(a), whole(a);
  train->read(2, &first, a.data());
  train->read(2, &second, b.data());
  train->read(2, nullptr, whole.data());
  CHECK(a != b);
  CHECK(*std::max_element(a.begin(), a.end()) <= *std::max_element(whole.begin(), whole.end()) + 1e-6F);
}
