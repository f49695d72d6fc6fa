#include "hpcai/data/sources/simulated_waveforms.h"

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

SimulatedWaveformsConfig small_waveforms() {
  SimulatedWaveformsConfig config;
  config.train = {"1:3:1", "-0.4:0.4:0.4", "0:0.2:0.1", 0, ""};
  config.t_min = -300;
  config.t_max = 50;
  config.t_step = 1;
  return config;
}

}  // namespace

TEST_CASE("simulated waveforms are Re h22 of the grid's binaries, made before or when they are read") {
  SimulatedWaveformsConfig config = small_waveforms();
  config.validation = {"1:8:1", "-0.8:0.8:0.1", "-0.8:0.8:0.1", 5, ""};
  for (bool fill : {true, false}) {
    for (int64_t cache_mb : {0, 100}) {
      config.cache_mb = cache_mb;
      const Splits splits = data::open(config, 2, fill);
      CHECK(splits.train->size() == 2 * 2 * 2);
      CHECK(splits.validation->size() == 5);
      CHECK(splits.test == nullptr);
      CHECK(splits.train->spec() == *spec_of(config));
      const int64_t rows[] = {6};
      const at::Tensor target = splits.train->targets(rows);
      const float* label = target.data_ptr<float>();
      CHECK(label[0] == 2.0F);
      CHECK(label[1] == Approx(0.0).margin(1e-7));
      CHECK(label[2] == 0.0F);
      const auto expected = simulate::h22({2, 0, 0}, {-300, 50, 1});
      const auto input = test::read_input(*splits.train, 6);
      REQUIRE(input.size() == expected.size());
      for (size_t i = 0; i < input.size(); ++i) REQUIRE(input[i] == Approx(expected[i].real()).margin(1e-6));
    }
  }
}
