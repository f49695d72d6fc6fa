#include "hpcai/data/sources/nr_surrogate_22.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/open.h"
#include "hpcai/simulate/overlap.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

NrSurrogate22Config surrogate_config(const std::filesystem::path& file) {
  NrSurrogate22Config config;
  config.file = file.string();
  config.train.mass_ratio = "1:8:1";
  config.validation = {"1:10:1", 5};
  return config;
}

std::vector<double> wide(const std::vector<float>& values) { return {values.begin(), values.end()}; }

}  // namespace

TEST_CASE("surrogate waveforms are those of numerical relativity, in phase at the peak") {
  const auto path = test::real_data("nr/NR22-A22.h5");
  if (path.empty()) return;
  for (const int64_t cache_mb : {0, 100}) {
    NrSurrogate22Config config = surrogate_config(path);
    config.cache_mb = cache_mb;
    const Splits splits = data::open(config, 2, false);
    CHECK(splits.train->size() == 7);
    CHECK(splits.validation->size() == 5);
    CHECK(splits.test == nullptr);
    CHECK(splits.train->spec() == *spec_of(config));
    const int64_t rows[] = {2};
    const at::Tensor target = splits.train->targets(rows);
    CHECK(target.data_ptr<float>()[0] == 3.0F);
    CHECK(target.data_ptr<float>()[1] == 0.0F);
    const auto input = test::read_input(*splits.train, 2);
    REQUIRE(input.size() == 28500);
    CHECK(input[27500] == Approx(0.28577709).margin(1e-7));  // |h22|(0) of q = 3, real there
    CHECK(*std::max_element(input.begin(), input.end()) == Approx(0.28577709).margin(2e-4));
    const auto model = simulate::real_h22({3, 0, 0}, {-2750, 100, 0.1});
    CHECK(simulate::overlap(wide(input), model) > 0.995);
  }
}

TEST_CASE("the phase of surrogate waveforms may be fixed at the first sample") {
  const auto path = test::real_data("nr/NR22-A22.h5");
  if (path.empty()) return;
  NrSurrogate22Config config = surrogate_config(path);
  config.t_min = -2000;
  config.phase_reference = simulate::PhaseReference::start;
  const Splits splits = data::open(config, 1, false);
  CHECK(test::read_input(*splits.train, 0)[0] == Approx(0.11355662).margin(1e-7));
}

TEST_CASE("settings that the surrogate does not serve are refused") {
  const auto path = test::real_data("nr/NR22-A22.h5");
  if (path.empty()) return;
  const auto refused = [&](const std::function<void(NrSurrogate22Config&)>& change) {
    NrSurrogate22Config config = surrogate_config(path);
    change(config);
    const auto thrown = thrown_by([&] { data::open(config, 1, false); });
    CHECK(thrown.code == ExitCode::usage);
    CHECK_FALSE(thrown.remedy.empty());
    return thrown.what;
  };
  CHECK_THAT(refused([](auto& c) { c.train.mass_ratio = "0.5:2:0.5"; }), Catch::Contains("q = 0.5"));
  CHECK_THAT(refused([](auto& c) { c.train.mass_ratio = "9:12:1"; }), Catch::Contains("q = 11"));
  CHECK_THAT(refused([](auto& c) { c.train = {"9:10.5:1", 3}; }), Catch::Contains("q = 10.5"));
  CHECK_THAT(refused([](auto& c) { c.train.mass_ratio = ""; }), Catch::Contains("data.train: needs mass_ratio"));
  CHECK_THAT(refused([](auto& c) { c.t_min = -2751; }), Catch::Contains("reach from -2750 to 100 M"));
  CHECK_THAT(refused([](auto& c) { c.t_step = 3; }), Catch::Contains("too coarse"));
}
