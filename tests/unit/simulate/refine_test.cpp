#include "hpcai/simulate/refine.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/simulate/overlap.h"

using namespace hpcai;
using namespace hpcai::simulate;

namespace {

const TimeGrid kShortGrid{-1000, 130, 2};

std::vector<double> real_series(const std::vector<std::complex<double>>& wave) {
  std::vector<double> re;
  for (const auto& value : wave) re.push_back(value.real());
  return re;
}

}  // namespace

TEST_CASE("a binary near the true one is refined to it") {
  const Binary truth{3, 0.3, -0.2};
  const auto series = real_series(h22(truth, kShortGrid));
  const Refined found = refine(series, kShortGrid, {3.1, 0.33, -0.1});
  CHECK(found.mismatch < 1e-9);
  CHECK(found.binary.mass_ratio == Approx(3).epsilon(1e-3));
  CHECK(1 - overlap(h22(truth, kShortGrid), h22(found.binary, kShortGrid)) < 1e-8);
  CHECK(found.waveforms < 40);
}

TEST_CASE("from starts as wrong as those of a small network, most mismatches fall below 1e-5") {
  constexpr int kCount = 60;
  int good = 0;
  std::vector<double> mismatches;
  for (int i = 0; i < kCount; ++i) {
    Random random(3, 0, static_cast<uint64_t>(i), Purpose::test);
    const Binary truth{random.uniform(1, 8), random.uniform(-0.8, 0.8), random.uniform(-0.8, 0.8)};
    const Binary start = nearest_valid({truth.mass_ratio * (1 + 0.05 * random.normal()), truth.spin1 + 0.06 * random.normal(),
                                        truth.spin2 + 0.3 * random.normal()});
    const auto wave = h22(truth, kShortGrid);
    const Refined found = refine(real_series(wave), kShortGrid, start);
    mismatches.push_back(1 - overlap(wave, h22(found.binary, kShortGrid)));
    CHECK(found.mismatch >= 0);
    good += mismatches.back() < 1e-5;
  }
  std::sort(mismatches.begin(), mismatches.end());
  INFO("median " << mismatches[kCount / 2] << ", worst " << mismatches.back());
  CHECK(good >= kCount * 95 / 100);
}

TEST_CASE("phase, scale and a shift of time do not matter") {
  const Binary truth{1.7, -0.4, 0.5};
  for (const double scale : {1e-3, 0.4, 1.0, 1e3}) {
    auto wave = ContinuousWaveform(truth, kShortGrid).values(3.3);
    for (auto& value : wave) value *= std::polar(scale, 2.0);
    const Refined found = refine(real_series(wave), kShortGrid, {1.8, -0.35, 0.3});
    INFO("scale " << scale);
    CHECK(found.mismatch < 1e-8);
    CHECK(1 - overlap(h22(truth, kShortGrid), h22(found.binary, kShortGrid)) < 1e-6);
  }
}

TEST_CASE("binaries at the edge of the domain are found without leaving it") {
  for (const Binary& truth : {Binary{1, 0.8, 0.8}, Binary{8, -0.8, 0.8}}) {
    const auto series = real_series(h22(truth, kShortGrid));
    const Refined found = refine(series, kShortGrid, {truth.mass_ratio == 1 ? 1.05 : 7.6, 0.95 * truth.spin1, 0.7 * truth.spin2});
    CHECK(found.mismatch < 1e-6);
    CHECK(found.binary.mass_ratio >= 1);
    CHECK(found.binary.mass_ratio <= 8);
    CHECK(std::max(std::abs(found.binary.spin1), std::abs(found.binary.spin2)) <= 0.8);
  }
}

TEST_CASE("a series that is no waveform keeps a finite answer") {
  std::vector<double> zero(static_cast<size_t>(kShortGrid.size()), 0.0), noise = zero;
  CHECK(refine(zero, kShortGrid, {2, 0.9, 0}).binary.spin1 == Approx(0.8));
  CHECK(refine(zero, kShortGrid, {2, 0, 0}).mismatch == 1);
  Random random(4, 0, 0, Purpose::test);
  for (double& value : noise) value = random.normal();
  const Refined found = refine(noise, kShortGrid, {2, 0, 0});
  CHECK(found.mismatch > 0.5);
  CHECK(found.mismatch <= 1);
  noise[5] = NAN;
  CHECK(refine(noise, kShortGrid, {2, 0, 0}).mismatch == 1);
  const auto series = real_series(h22({2, 0, 0}, kShortGrid));
  const Refined moved = refine(series, kShortGrid, {INFINITY, NAN, -0.9});
  CHECK(moved.mismatch == 1);
  CHECK(moved.binary.mass_ratio == 8);
  CHECK(moved.binary.spin1 == 0);
  CHECK(moved.binary.spin2 == -0.8);
  CHECK(refine(series, kShortGrid, {NAN, 0.1, 0.2}).binary.mass_ratio == 1);
  CHECK_THROWS_AS(refine(std::vector<double>(3), kShortGrid, {2, 0, 0}), std::invalid_argument);
}
