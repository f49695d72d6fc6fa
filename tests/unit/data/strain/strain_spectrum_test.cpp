#include "hpcai/data/strain/strain_spectrum.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kPulseGps = 1126259446;

// A pulse around `centre_s`, whose spectrum is zero above 80 Hz to fifteen digits.
double pulse(double time_s, double centre_s) {
  const double t = time_s - centre_s;
  return 1e-21 * std::exp(-t * t / (2 * 0.02 * 0.02)) * std::cos(kTurn * 20 * t);
}

Strain sampled(double rate_hz, double duration_s, double centre_s) {
  Strain strain{"H1", kPulseGps, rate_hz, {}};
  for (int64_t k = 0; static_cast<double>(k) < rate_hz * duration_s; ++k) {
    strain.values.push_back(pulse(static_cast<double>(k) / rate_hz, centre_s));
  }
  return strain;
}

// The Fourier integral of the pulse, with the time origin `origin_s`.
std::complex<double> transform(double frequency_hz, double centre_s, double origin_s) {
  constexpr double kWidth = 0.02;
  const auto gauss = [&](double offset_hz) {
    return 0.5e-21 * kWidth * std::sqrt(kTurn) * std::exp(-0.5 * std::pow(kTurn * offset_hz * kWidth, 2));
  };
  return std::polar(gauss(frequency_hz - 20) + gauss(frequency_hz + 20), -kTurn * frequency_hz * (centre_s - origin_s));
}

double largest_difference(const std::vector<std::complex<double>>& a, const std::vector<std::complex<double>>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t k = 0; k < a.size(); ++k) largest = std::max(largest, std::abs(a[k] - b[k]));
  return largest;
}

}  // namespace

TEST_CASE("windows are those of scipy.signal.windows.tukey") {
  const std::vector<double> expected = {0, 0.3454915028125263, 0.9045084971874737, 1, 1, 1,
                                        1, 0.9045084971874737, 0.3454915028125263, 0};
  const auto window = tukey_window(10, 5.0 / 9);
  REQUIRE(window.size() == 10);
  for (size_t i = 0; i < 10; ++i) CHECK(window[i] == Approx(expected[i]).margin(1e-15));
  CHECK(tukey_window(4, 0) == std::vector<double>{1, 1, 1, 1});
  const auto hann = tukey_window(5, 1);
  for (size_t i = 0; i < 5; ++i) CHECK(hann[i] == Approx(0.5 - 0.5 * std::cos(kTurn * static_cast<double>(i) / 4)).margin(1e-15));
}

TEST_CASE("the spectrum of a pulse is its Fourier integral, for starts on and between samples, at any rate") {
  for (const double rate : {256.0, 1024.0, 4096.0}) {
    for (const double start : {2.0, 2.0009765625, 2.0123}) {
      const auto spectrum = spectrum_of(sampled(rate, 8, 4.3), kPulseGps + start, 4, 0.4, 100);
      REQUIRE(spectrum.size() == 401);
      std::vector<std::complex<double>> expected;
      for (int k = 0; k <= 400; ++k) expected.push_back(transform(0.25 * k, 4.3, start));
      INFO(rate << " Hz, start " << start);
      CHECK(largest_difference(spectrum, expected) < 2e-5 * std::abs(expected[80]));  // times near 1e9 s have 2.4e-7 s
    }
  }
}

TEST_CASE("strain of 4 and of 16 kHz has the same spectrum, up to the window's last sample") {
  const auto wave = [](double rate_hz) {
    Strain strain{"L1", kPulseGps, rate_hz, {}};
    for (int64_t k = 0; static_cast<double>(k) < 8 * rate_hz; ++k) {
      const double t = static_cast<double>(k) / rate_hz;
      strain.values.push_back(std::cos(kTurn * 100.1 * t) + 0.5 * std::sin(kTurn * 731.37 * t));
    }
    return strain;
  };
  const auto low = spectrum_of(wave(4096), kPulseGps + 1, 4, 0.4, 1000),
             high = spectrum_of(wave(16384), kPulseGps + 1, 4, 0.4, 1000);
  CHECK(largest_difference(low, high) < 2e-4 * std::abs(low[400]));
}

TEST_CASE("segments that the strain does not have are refused") {
  const Strain strain = sampled(256, 8, 4);
  for (const auto& [start, duration, rise, highest] : std::vector<std::array<double, 4>>{{kPulseGps + 5, 4, 0.4, 100},
                                                                                         {kPulseGps - 1, 4, 0.4, 100},
                                                                                         {kPulseGps, 4, 3, 100},
                                                                                         {kPulseGps, 4, 0.4, 128},
                                                                                         {kPulseGps, 0.001, 0, 100},
                                                                                         {kPulseGps, 3.001, 0.4, 100},
                                                                                         {NAN, 4, 0.4, 100}}) {
    CHECK(test::thrown_by([&] { spectrum_of(strain, start, duration, rise, highest); }).code == ExitCode::usage);
  }
}

TEST_CASE("the spectrum of GW150914's strain is bilby's") {
  const auto folder = test::real_data("gwosc");
  if (folder.empty()) return;
  // From bilby 2.8.2: set_from_gwpy_timeseries(strain.crop(start, start + 4)), roll_off 0.4, of the strain at 4096 Hz, whose
  // sample at the crop's start is at 1126259460.390869.
  const StrainFile file(folder / "H-H1_LOSC_4_V2-1126259446-32.hdf5");
  constexpr double kFirst = kPulseGps + 58945 / 4096.0;
  const Strain strain = file.read(1126259460, 1126259465);
  const auto spectrum = spectrum_of(strain, kFirst, 4, 0.4, 1000);
  REQUIRE(spectrum.size() == 4001);
  const std::vector<std::pair<size_t, std::complex<double>>> bilby = {{80, {1.259337372816995e-22, 1.2228394238844693e-23}},
                                                                      {401, {-4.812734405008759e-25, 4.14570034137713e-25}},
                                                                      {1003, {-7.519927604013037e-24, 5.787206742444102e-24}},
                                                                      {2500, {1.7300586902483992e-23, 2.148029195680955e-25}},
                                                                      {3999, {-1.9219302154558426e-22, -1.0826206401000521e-21}}};
  for (const auto& [bin, expected] : bilby) {
    INFO("bin " << bin);
    CHECK(std::abs(spectrum[bin] - expected) < 1e-9 * std::abs(expected));
  }
  // A start between samples takes the same samples with another origin.
  const auto shifted = spectrum_of(strain, 1126259460.391, 4, 0.4, 1000);
  for (const auto& [bin, expected] : bilby) {
    const double phase = kTurn * static_cast<double>(bin) / 4 * (1126259460.391 - kFirst);
    CHECK(std::abs(shifted[bin] - expected * std::polar(1.0, phase)) < 1e-9 * std::abs(expected));
  }
}
