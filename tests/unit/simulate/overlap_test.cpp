#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/simulate/fft.h"
#include "hpcai/simulate/overlap.h"
#include "hpcai/simulate/waveform.h"

using namespace hpcai::simulate;
using Waveform = std::vector<std::complex<double>>;

namespace {

std::vector<double> real_part(const Waveform& h) {
  std::vector<double> re;
  for (const std::complex<double>& value : h) re.push_back(value.real());
  return re;
}

// The definition, for whole shifts.
double slow_overlap(const Waveform& a, const Waveform& b) {
  const auto size = static_cast<int64_t>(a.size());
  double best = 0, norm_a = 0, norm_b = 0;
  for (int64_t i = 0; i < size; ++i) {
    norm_a += std::norm(a[i]);
    norm_b += std::norm(b[i]);
  }
  for (int64_t shift = -size + 1; shift < size; ++shift) {
    std::complex<double> sum = 0;
    for (int64_t i = std::max<int64_t>(0, -shift); i < std::min(size, size - shift); ++i) sum += a[i] * std::conj(b[i + shift]);
    best = std::max(best, std::abs(sum));
  }
  return best / std::sqrt(norm_a * norm_b);
}

}  // namespace

TEST_CASE("fft agrees with its definition and lengths are products of 2, 3 and 5") {
  Waveform x(30);
  for (size_t i = 0; i < x.size(); ++i) x[i] = {std::sin(1.3 * static_cast<double>(i)), static_cast<double>(i % 7)};
  const Waveform copy = x, y = fft(x);
  for (size_t k = 0; k < y.size(); ++k) {
    std::complex<double> sum = 0;
    for (size_t n = 0; n < copy.size(); ++n) sum += copy[n] * std::polar(1.0, -2 * M_PI * static_cast<double>(k * n) / 30);
    CHECK(std::abs(y[k] - sum) < 1e-11);
  }
  CHECK(fft_length(1) == 1);
  CHECK(fft_length(7) == 8);
  CHECK(fft_length(11) == 12);
  CHECK(fft_length(1001) == 1024);
  CHECK(fft_length(49) == 50);
  CHECK(fft_length(101300) == 102400);
}

TEST_CASE("a waveform overlaps fully with itself turned, scaled and shifted") {
  const TimeGrid grid{-3000, 130, 0.5};
  const Binary binary{2, 0.3, -0.1};
  const Waveform h = h22(binary, grid);
  CHECK(overlap(h, h) == Approx(1).margin(1e-12));
  Waveform turned = h;
  for (auto& value : turned) value *= std::polar(2.5, 1.1);
  CHECK(overlap(h, turned) == Approx(1).margin(1e-12));
  CHECK(overlap(real_part(h), real_part(h)) == Approx(1).margin(1e-12));
  CHECK(overlap(real_part(h), real_part(turned)) > 0.998);  // the abrupt start
  // By 3.2 M, not a whole number of samples; 3.2 of 3130 M have no partner.
  const Waveform shifted = h22(binary, {-3003.2, 126.8, 0.5});
  CHECK(overlap(h, shifted) > 1 - 1e-3);
  CHECK(overlap(h, shifted) < 1);
}

TEST_CASE("the overlap is refined between samples") {
  // A smooth pulse that does not touch the ends, moved by a third of a sample.
  const auto pulse = [](double centre) {
    Waveform x(400);
    for (size_t i = 0; i < x.size(); ++i) {
      const double t = static_cast<double>(i) - centre;
      x[i] = std::exp(-t * t / 40) * std::polar(1.0, 0.9 * t);
    }
    return x;
  };
  CHECK(overlap(pulse(200), pulse(200 + 1.0 / 3)) == Approx(1).margin(1e-6));
  CHECK(slow_overlap(pulse(200), pulse(200.5)) < 0.9995);
}

TEST_CASE("the overlap agrees with its definition") {
  const TimeGrid grid{-300, 100, 1};
  const Waveform a = h22({1, 0.2, 0}, grid), b = h22({4, -0.6, 0.3}, grid);
  const double slow = slow_overlap(a, b), fast = overlap(a, b);
  CHECK(fast >= slow - 1e-9);
  CHECK(fast == Approx(slow).margin(5e-3));
  CHECK(overlap(b, a) == Approx(fast).margin(1e-9));
  CHECK(fast < 0.99);
}

TEST_CASE("the overlap of real parts is that of the complex waveforms") {
  const TimeGrid grid{-5000, 130, 0.5};
  const Waveform a = h22({1.2, 0.2, 0}, grid), b = h22({1.3, 0.15, 0.05}, grid);
  CHECK(overlap(real_part(a), real_part(b)) == Approx(overlap(a, b)).margin(2e-3));
}

TEST_CASE("a conjugated waveform, one that turns the other way, overlaps with nothing") {
  const Waveform h = h22({1, 0, 0}, {-3000, 100, 0.5});
  Waveform conjugate = h;
  for (auto& value : conjugate) value = std::conj(value);
  CHECK(overlap(h, conjugate) < 0.05);
}

TEST_CASE("with a flat noise curve the weights are 1 in its band, and in no other") {
  const TimeGrid grid{-1000, 130, 1};
  const DetectorNoise flat{{0.5, std::vector<double>(801, 3e-47)}, 30, 50};
  const auto weights = noise_weights(flat, grid);
  CHECK(weights.size() == static_cast<size_t>(fft_length(2 * 1130)));
  const double bin_hz = 1 / (static_cast<double>(weights.size()) * 50 * 4.9254909e-6);
  for (size_t k = 0; k < weights.size(); ++k) {
    const double frequency_hz = bin_hz * static_cast<double>(std::min(k, weights.size() - k));
    INFO(frequency_hz);
    CHECK(weights[k] == (frequency_hz >= 30 && frequency_hz < 400 ? 1 : 0));
  }
}

TEST_CASE("the overlap with coloured noise is a weighted product of transforms") {
  const TimeGrid grid{-1000, 130, 1};
  std::vector<double> density;
  for (int k = 0; k <= 2000; ++k) density.push_back(1e-46 * (1 + std::pow(50.0 / (k + 1), 4) + std::pow(k / 200.0, 2)));
  const DetectorNoise noise{{0.5, density}, 20, 60};
  const auto weights = noise_weights(noise, grid);
  Waveform a = h22({2, 0.3, -0.2}, grid), b = h22({2.1, 0.3, -0.2}, grid);
  CHECK(overlap(a, a, weights) == Approx(1).margin(1e-12));
  Waveform turned = a;
  for (auto& value : turned) value *= std::polar(2.5, 1.1);
  CHECK(overlap(a, turned, weights) == Approx(1).margin(1e-12));
  const double found = overlap(a, b, weights);
  CHECK(found < 0.9999);
  CHECK(overlap(b, a, weights) == Approx(found).margin(1e-9));

  // The same by division of the transforms by the amplitude of the noise, as white noise.
  for (Waveform* wave : {&a, &b}) {
    const double rise = 0.1 * static_cast<double>(wave->size());
    for (size_t i = 0; static_cast<double>(i) < rise; ++i) (*wave)[i] *= (1 - std::cos(M_PI * static_cast<double>(i) / rise)) / 2;
    wave->resize(weights.size());
    Waveform transform = fft(*wave);
    for (size_t k = 0; k < transform.size(); ++k) transform[k] *= std::sqrt(weights[k]);
    *wave = transform;
  }
  double norm_a = 0, norm_b = 0;
  Waveform product(weights.size());
  for (size_t k = 0; k < product.size(); ++k) {
    norm_a += std::norm(a[k]);
    norm_b += std::norm(b[k]);
    product[k] = a[k] * std::conj(b[k]);
  }
  double best = 0;
  for (const auto& value : fft(product)) best = std::max(best, std::abs(value));
  CHECK(found == Approx(best / std::sqrt(norm_a * norm_b)).margin(1e-3));
  CHECK(found >= best / std::sqrt(norm_a * norm_b) - 1e-12);
}

TEST_CASE("a noise curve that holds no frequency of the waveforms is refused") {
  CHECK_THROWS_AS(noise_weights({{0.5, {1e-46, 1e-46}}, 20, 60}, {-1000, 130, 1}), hpcai::Error);
  const TimeGrid grid{-1000, 130, 1};
  CHECK_THROWS_AS(overlap(h22({1, 0, 0}, grid), h22({1, 0, 0}, grid), std::vector<double>(3, 1.0)), std::invalid_argument);
}

TEST_CASE("series without an overlap are told apart") {
  const Waveform zero(10), one(10, 1.0), short_one(9, 1.0);
  CHECK(std::isnan(overlap(zero, one)));
  CHECK_THROWS_AS(overlap(one, short_one), std::invalid_argument);
  CHECK_THROWS_AS(overlap(Waveform{}, Waveform{}), std::invalid_argument);
  Waveform bad = one;
  bad[3] = std::nan("");
  CHECK(std::isnan(overlap(bad, one)));
  CHECK(overlap(Waveform{2.0}, Waveform{3.0}) == Approx(1));
}
