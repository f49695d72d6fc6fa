#include <catch2/catch.hpp>

#include "hpcai/models/model.h"

namespace hpcai::models {

TEST_CASE("the published networks have the published numbers of parameters") {
  const std::vector<int64_t> waveform{1, 101300}, image{3, 299, 299}, imagenet{3, 224, 224};

  const ModelSize wavenet = size_of(*make_model(WaveNetConfig{}, waveform, 5, 1));
  CHECK(wavenet.trainable == 10'295'576);
  CHECK(wavenet.values == 10'298'906);

  const ModelSize xception = size_of(*make_model(XceptionConfig{}, image, 2, 1));
  CHECK(xception.values == 24'011'306);
  CHECK(xception.trainable == 23'956'778);

  CHECK(size_of(*make_model(ResNetConfig{}, imagenet, 1000, 1)).trainable == 25'557'032);
}

}  // namespace hpcai::models
