#include "hpcai/simulate/waveform_metric.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/simulate/binary_coordinates.h"
#include "hpcai/simulate/overlap.h"

using namespace hpcai;
using namespace hpcai::simulate;

namespace {

const TimeGrid kGrid{-1000, 130, 1};

double form(const Matrix3& g, const std::array<double, 3>& d) {
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) sum += d[i] * g[i][j] * d[j];
  }
  return sum;
}

Binary moved(const Binary& from, const std::array<double, 3>& d) {
  BinaryCoordinates to = coordinates(from);
  to.log_mass_ratio += d[0];
  to.effective_spin += d[1];
  to.spin_difference += d[2];
  return binary_at(to);
}

// The mismatch with white noise and the best phase and time shift, where the shifted waveform is computed anew at all times of
// the grid. The best shift is within 3 M.
double mismatch_without_ends(const std::vector<std::complex<double>>& wave, const ContinuousWaveform& other) {
  const auto at = [&](double shift) {
    const auto values = other.values(shift);
    std::complex<double> product = 0;
    double square = 0, square_of_other = 0;
    for (size_t i = 0; i < wave.size(); ++i) {
      product += std::conj(wave[i]) * values[i];
      square += std::norm(wave[i]);
      square_of_other += std::norm(values[i]);
    }
    return 1 - std::abs(product) / std::sqrt(square * square_of_other);
  };
  double low = -3, high = 3;
  while (high - low > 1e-4) {
    const double third = (high - low) / 3;
    if (at(low + third) < at(high - third)) {
      high -= third;
    } else {
      low += third;
    }
  }
  return at((low + high) / 2);
}

}  // namespace

TEST_CASE("coordinates of a binary and their inverse agree, as do the derivatives with differences") {
  Random random(1, 0, 0, Purpose::test);
  for (int i = 0; i < 20; ++i) {
    const Binary binary{random.uniform(1, 8), random.uniform(-0.8, 0.8), random.uniform(-0.8, 0.8)};
    const BinaryCoordinates at = coordinates(binary);
    const Binary back = binary_at(at);
    CHECK(back.mass_ratio == Approx(binary.mass_ratio));
    CHECK(back.spin1 == Approx(binary.spin1).margin(1e-12));
    CHECK(back.spin2 == Approx(binary.spin2).margin(1e-12));
    const auto derivatives = derivatives_at(at);
    for (size_t column = 0; column < 3; ++column) {
      std::array<double, 3> step{};
      step[column] = 1e-6;
      const Binary high = moved(binary, step);
      CHECK((high.mass_ratio - binary.mass_ratio) / 1e-6 == Approx(derivatives[0][column]).margin(1e-4));
      CHECK((high.spin1 - binary.spin1) / 1e-6 == Approx(derivatives[1][column]).margin(1e-4));
      CHECK((high.spin2 - binary.spin2) / 1e-6 == Approx(derivatives[2][column]).margin(1e-4));
    }
  }
}

TEST_CASE("the metric is the limit of small mismatches in every direction") {
  Random random(2, 0, 0, Purpose::test);
  for (const Binary& binary : {Binary{1.3, 0.1, -0.3}, Binary{3, -0.5, 0.4}, Binary{6.5, 0.6, 0.2}}) {
    const Matrix3 metric = waveform_metric(binary, kGrid);
    const auto wave = h22(binary, kGrid);
    for (int i = 0; i < 8; ++i) {
      std::array<double, 3> d = {random.normal() / 100, random.normal() / 50, random.normal() / 10};
      const double scale = std::sqrt(1e-6 / form(metric, d));
      for (double& part : d) part *= std::min(scale, 1.0);
      INFO(binary.mass_ratio << " " << d[0] << " " << d[1] << " " << d[2]);
      CHECK(mismatch_without_ends(wave, ContinuousWaveform(moved(binary, d), kGrid)) ==
            Approx(form(metric, d)).epsilon(0.1).margin(1e-8));
    }
  }
}

// The steps along s1 - s2 are short: nearly nothing depends on it, so a long step to the same mismatch leaves the quadratic
// range.
TEST_CASE("the metric predicts 1 - overlap() at 1e-4 to 40 %") {
  Random random(2, 0, 0, Purpose::test);
  for (const Binary& binary : {Binary{1.3, 0.1, -0.3}, Binary{3, -0.5, 0.4}, Binary{6.5, 0.6, 0.2}}) {
    const Matrix3 metric = waveform_metric(binary, kGrid);
    const auto wave = h22(binary, kGrid);
    for (int i = 0; i < 8; ++i) {
      std::array<double, 3> d = {random.normal() / 100, random.normal() / 50, random.normal() / 50};
      const double scale = std::sqrt(1e-4 / form(metric, d));  // a mismatch of 1e-4
      for (double& part : d) part *= std::min(scale, 1.0);
      const double mismatch = 1 - overlap(wave, h22(nearest_valid(moved(binary, d)), kGrid));
      INFO(binary.mass_ratio << " " << d[0] << " " << d[1] << " " << d[2]);
      CHECK(mismatch == Approx(form(metric, d)).epsilon(0.4).margin(1e-5));
    }
  }
}

TEST_CASE("s1 - s2 matters little, and nothing at all where the holes are equal") {
  const Matrix3 general = waveform_metric({3, 0.2, 0.2}, kGrid);
  CHECK(general[2][2] < 0.02 * general[1][1]);
  CHECK(waveform_metric({1, 0.3, 0.3}, kGrid)[2][2] < 1e-6);
}

TEST_CASE("the metric exists at the edges of the domain, and not outside") {
  for (const Binary& corner : {Binary{1, 0.8, -0.8}, Binary{8, -0.8, 0.8}}) {
    const Matrix3 metric = waveform_metric(corner, kGrid);
    CHECK(std::isfinite(form(metric, {1, 1, 1})));
    CHECK(form(metric, {1, 0, 0}) > 0);
  }
  CHECK_THROWS_AS(waveform_metric({9, 0, 0}, kGrid), Error);
}
