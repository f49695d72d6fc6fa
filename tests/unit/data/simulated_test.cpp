#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <set>

#include "hpcai/data/open.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/simulate/galaxy.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

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

TEST_CASE("random binaries lie within their box, differ between splits and depend on the seed alone") {
  const WaveformSetConfig set{"1:8:0.5", "-0.8:0.8:0.1", "-0.3:0.3:0.1", 500, ""};
  auto first_q = [&](uint64_t seed, uint64_t stream) { return binaries(set, seed, stream, "x").front().mass_ratio; };
  CHECK(first_q(1, 0) == first_q(1, 0));
  CHECK(first_q(1, 0) != first_q(1, 1));
  CHECK(first_q(1, 0) != first_q(2, 0));
  double largest_q = 0, largest_spin = 0;
  for (const auto& binary : binaries(set, 1, 0, "x")) {
    CHECK(binary.mass_ratio >= 1);
    CHECK(binary.mass_ratio < 8);
    CHECK(std::abs(binary.spin2) <= 0.3);
    largest_q = std::max(largest_q, binary.mass_ratio);
    largest_spin = std::max(largest_spin, binary.spin1);
  }
  CHECK(largest_q > 7.9);
  CHECK(largest_spin > 0.77);
}

TEST_CASE("a waveform set may be the rows of a file, and must be something") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "p.csv") << "q,s1,s2\n1.5,0.1,-0.1\n3,0,0.5\n";
  WaveformSetConfig set;
  CHECK(is_empty(set));
  CHECK(thrown_by([&] { binaries(set, 1, 0, "data.train"); }).what ==
        "data.train: needs mass_ratio, spin1 and spin2, or parameters");
  set.parameters = (folder / "p.csv").string();
  const auto rows = binaries(set, 1, 0, "data.train");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].spin2 == 0.5);
  set.count = 3;
  CHECK(thrown_by([&] { binaries(set, 1, 0, "data.train"); }).what == "data.train: parameters stands beside ranges or a count");
  CHECK(thrown_by([&] { binaries({"1:10:1", "0", "0", 0, ""}, 1, 0, "data.train"); }).code == ExitCode::usage);
  CHECK(thrown_by([&] {
          binaries({"1:8:0.00001", "-0.8:0.8:0.001", "-0.8:0.8:0.001", 0, ""}, 1, 0, "data.train");
        }).code == ExitCode::usage);
}

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

TEST_CASE("synthetic images differ from one another and stay the same") {
  SyntheticImagesConfig config;
  config.image_size = 16;
  config.classes = 10;
  config.train = 50;
  config.validation = 20;
  const Splits splits = data::open(config, 1), again = data::open(config, 1);
  std::set<std::vector<float>> different;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < 50; ++i) {
    different.insert(test::read_input(*splits.train, i));
    rows.push_back(i);
    REQUIRE(test::read_input(*splits.train, i) == test::read_input(*again.train, i));
  }
  CHECK(different.size() > 45);
  const at::Tensor labels = splits.train->targets(rows);
  CHECK(std::set<int64_t>(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + 50).size() > 7);
  CHECK(splits.validation->size() == 20);
}

TEST_CASE("what the samples look like is known from the config alone where it says enough") {
  CHECK(spec_of(WaveformHdf5Config{})->input_shape == std::vector<int64_t>{1, 101300});
  ImageFolderConfig images;
  CHECK_FALSE(spec_of(images));
  images.classes = {"elliptical", "spiral"};
  CHECK(spec_of(images)->input_shape == std::vector<int64_t>{3, 224, 224});
  CHECK(spec_of(SimulatedWaveformsConfig{})->input_shape == std::vector<int64_t>{1, 101300});
}
