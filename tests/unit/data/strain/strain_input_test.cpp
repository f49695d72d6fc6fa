#include "hpcai/data/strain/strain_input.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"

namespace hpcai::data {
namespace {

StrainModelConfig one_window(double start_s, double end_s, double rate_hz) {
  StrainModelConfig config;
  config.windows = {{start_s, end_s, rate_hz}};
  config.high_hz = rate_hz / 2;
  return config;
}

std::string refusal(const StrainModelConfig& config) {
  try {
    StrainInput input(config);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK_FALSE(error.remedy().empty());
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the series of a single frequency is a cosine about the time that is asked for") {
  const StrainModelConfig config = one_window(-0.5, 0.25, 256);
  const StrainInput input(config);
  const auto size = static_cast<size_t>(input.band().size());
  simulate::ComplexSeries spectrum(input.band().size());
  const int64_t k = 40 * 4;  // 40 Hz of 4 s
  const double angle = 0.7;
  spectrum.re[static_cast<size_t>(k - input.band().first)] = std::cos(angle);
  spectrum.im[static_cast<size_t>(k - input.band().first)] = std::sin(angle);
  std::vector<float> out(static_cast<size_t>(input.length()));
  input.write(spectrum, std::vector<double>(size, 1e23), out.data());
  CHECK(input.length() == 192 + 16);
  const double amplitude = 2 * std::sqrt(2 * 0.25 * 1024) / 1024;  // both signs of the frequency, and the transform's 1 / N
  for (int i = 0; i < 192; ++i) {
    const double time = -0.5 + i / 256.0;
    CHECK(out[static_cast<size_t>(i)] == Approx(amplitude * std::cos(2 * std::numbers::pi * 40 * time + angle)).margin(1e-5));
  }
  for (size_t i = 192; i < out.size(); ++i) CHECK(out[i] == Approx(0).margin(1e-6));  // 1 / (1e-23)
}

TEST_CASE("white noise has variance 1 in a window of any rate, and the spectrum's numbers follow the noise") {
  StrainModelConfig config;
  config.low_hz = 5;
  config.windows = {{-1.5, -0.5, 128}, {-0.5, 0.5, 1024}};
  const StrainInput input(config);
  const auto size = static_cast<size_t>(input.band().size());
  simulate::ComplexSeries noise(input.band().size());
  std::vector<float> out(static_cast<size_t>(input.length()));
  double sums[2] = {0, 0};
  const int rounds = 50;
  Random random(1, 0, 0, Purpose::test);
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < size; ++i) {
      noise.re[i] = random.normal();  // the standard deviation 1 / sqrt(4 df) is 1 for 4 s
      noise.im[i] = random.normal();
    }
    input.write(noise, std::vector<double>(size, 1e22), out.data());
    for (size_t i = 0; i < 128; ++i) sums[0] += out[i] * out[i] / (128.0 * rounds);
    for (size_t i = 128; i < 128 + 1024; ++i) sums[1] += out[i] * out[i] / (1024.0 * rounds);
  }
  CHECK(sums[0] == Approx(1 - 5 / 64.0).margin(0.06));
  CHECK(sums[1] == Approx(1 - 5 / 512.0).margin(0.03));
  CHECK(out.back() == Approx(2));  // ten times the usual amplitude
}

TEST_CASE("windows and bands that cannot be are refused") {
  CHECK(refusal(one_window(-1, -1, 256)).find("is empty") != std::string::npos);
  CHECK(refusal(one_window(-1.7, 0, 256)).find("faded in or out") != std::string::npos);
  CHECK(refusal(one_window(-1, 1.7, 256)).find("faded in or out") != std::string::npos);
  CHECK(refusal(one_window(-1, 0, 256.1)).find("no whole number of samples") != std::string::npos);
  StrainModelConfig config = one_window(-1, 0, 256);
  config.high_hz = 200;
  CHECK(refusal(config).find("too coarse") != std::string::npos);
  config.high_hz = 100;
  config.after_s = 4;
  CHECK(refusal(config).find("after_s") != std::string::npos);
  config.after_s = 2;
  config.spectrum_values = 250;
  CHECK(refusal(config).find("spectrum_values") != std::string::npos);
  config.spectrum_values = 4;
  config.likelihood_high_hz = 90;
  CHECK(refusal(config).find("likelihood_high_hz") != std::string::npos);
  config.likelihood_high_hz = 1024;
  config.windows.push_back({-1, 0, 32});
  CHECK(refusal(config).find("has no frequency") != std::string::npos);
  config.windows.clear();
  CHECK(refusal(config).find("windows is empty") != std::string::npos);
}

}  // namespace hpcai::data
