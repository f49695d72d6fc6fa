#include "hpcai/simulate/fft.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <thread>

namespace hpcai::simulate {
namespace {

std::vector<std::complex<double>> series_of(int64_t size) {
  std::vector<std::complex<double>> x;
  for (int64_t i = 0; i < size; ++i)
    x.emplace_back(std::sin(1.7 * static_cast<double>(i * i)), std::cos(0.3 * static_cast<double>(i)));
  return x;
}

// The definition, by sums.
std::vector<std::complex<double>> by_definition(const std::vector<std::complex<double>>& x) {
  std::vector<std::complex<double>> y;
  const auto size = static_cast<int64_t>(x.size());
  for (int64_t n = 0; n < size; ++n) {
    std::complex<double> sum = 0;
    for (int64_t k = 0; k < size; ++k) {
      sum += x[static_cast<size_t>(k)] *
             std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n % size) / static_cast<double>(size));
    }
    y.push_back(sum);
  }
  return y;
}

double error_of(int64_t size) {
  auto x = series_of(size);
  const auto expected = by_definition(x), found = fft(x);
  double error = x == series_of(size) ? 0 : 1;  // the input is as before
  for (size_t i = 0; i < found.size(); ++i) error = std::max(error, std::abs(found[i] - expected[i]));
  return error;
}

}  // namespace

TEST_CASE("a transform is its definition for every length, also for more lengths than plans are kept") {
  for (int round = 0; round < 2; ++round) {
    for (int64_t size = 1; size <= 48; ++size) CHECK(error_of(size) < 1e-12 * static_cast<double>(size));
  }
  for (const int64_t size : {97, 128, 250, 1000}) CHECK(error_of(size) < 1e-11 * static_cast<double>(size));
}

TEST_CASE("a real series comes back from its transform, and the spectrum is not changed") {
  for (const int64_t size : {2, 3, 12, 35, 512, 1000}) {
    INFO(size);
    std::vector<std::complex<double>> x;
    for (int64_t i = 0; i < size; ++i) x.emplace_back(std::sin(1.7 * static_cast<double>(i * i)), 0);
    const auto transform = fft(x);
    std::vector<std::complex<float>> spectrum(transform.begin(), transform.begin() + size / 2 + 1);
    const auto before = spectrum;
    std::vector<float> series(static_cast<size_t>(size));
    for (int round = 0; round < 2; ++round) inverse_real_fft(spectrum, series);
    CHECK(spectrum == before);
    double error = 0;
    for (size_t i = 0; i < series.size(); ++i) error = std::max(error, std::abs(series[i] - x[i].real()));
    CHECK(error < 2e-6);
  }
}

TEST_CASE("threads transform at once") {
  std::vector<double> errors(4, 1);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < errors.size(); ++i) {
    threads.emplace_back([&, i] {
      errors[i] = 0;
      for (int round = 0; round < 20; ++round)
        errors[i] = std::max(errors[i], error_of(60 + static_cast<int64_t>(i) * 30 + round % 3));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const double error : errors) CHECK(error < 1e-9);
}

TEST_CASE("the next fast length is a product of 2, 3 and 5") {
  CHECK(fft_length(1) == 1);
  CHECK(fft_length(7) == 8);
  CHECK(fft_length(11) == 12);
  CHECK(fft_length(257) == 270);
  CHECK(fft_length(1000) == 1000);
}

}  // namespace hpcai::simulate
