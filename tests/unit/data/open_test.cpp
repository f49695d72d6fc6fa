#include "hpcai/data/open.h"

#include <catch2/catch.hpp>

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("what the samples look like is known from the config alone where it says enough") {
  CHECK(spec_of(WaveformHdf5Config{})->input_shape == std::vector<int64_t>{1, 101300});
  ImageFolderConfig images;
  CHECK_FALSE(spec_of(images));
  images.classes = {"elliptical", "spiral"};
  CHECK(spec_of(images)->input_shape == std::vector<int64_t>{3, 224, 224});
  CHECK(spec_of(SimulatedWaveformsConfig{})->input_shape == std::vector<int64_t>{1, 101300});
}
