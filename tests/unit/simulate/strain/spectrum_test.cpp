#include "hpcai/simulate/strain/spectrum.h"

#include <algorithm>
#include <cmath>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/spectrum_family.h"
#include "hpcai/simulate/strain/welch.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using strain_test::strain_reference;

TEST_CASE("noise spectra are interpolated as in bilby") {
  Spectrum coarse{4, {}};
  for (int k = 0; k < 150; ++k) coarse.density.push_back(design_curve("aligo").density(std::max(4.0 * k, 10.0)));
  const nlohmann::json& expected = strain_reference()["interpolated"];
  const Spectrum fine = at_step(coarse, expected["step"], 511);
  REQUIRE(fine.density.size() == expected["density"].size());
  for (size_t k = 0; k < fine.density.size(); ++k) {
    CHECK(fine.density[k] / expected["density"][k].get<double>() == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("a spectrum that does not reach the band is refused, and one without a density there") {
  const Spectrum spectrum = design_spectrum("aligo", 0.5, 512);
  CHECK(spectrum.highest_hz() == 512);
  CHECK_THROWS_WITH(at_step(spectrum, 0.25, 513), Catch::Contains("do not reach 513 Hz"));
  CHECK_THROWS_AS(at_step(Spectrum{}, 0.25, 10), Error);
  Spectrum broken = spectrum;
  broken.density[100] = 0;
  CHECK_THROWS_WITH(inverse_asd(broken, {0.5, 40, 1000}), Catch::Contains("at 50 Hz is 0"));
  CHECK(inverse_asd(broken, {0.5, 101, 1000}).size() == 899);
  CHECK_THROWS_WITH(design_curve("virgo"), Catch::Contains("virgo"));
}

TEST_CASE("the curve of Advanced LIGO is near the published one") {
  for (const auto& [frequency, asd] : strain_reference()["zero_det_high_p"].items()) {
    const double ours = std::sqrt(design_curve("aligo").density(std::stod(frequency)));
    CHECK(ours / asd.get<double>() == Approx(1).margin(0.25));
  }
}

TEST_CASE("Welch's method with medians is that of SciPy") {
  for (const nlohmann::json& row : strain_reference()["welch"]) {
    std::vector<double> strain;
    for (int64_t i = 0; i < row["size"].get<int64_t>(); ++i) {
      strain.push_back(static_cast<double>((i * i * 7919 + i * 104729) % 1009) / 1009 - 0.5);
    }
    const double segment = row["segment"];
    const Spectrum spectrum = median_welch(strain, 64, segment / 64, row["overlap"]);
    CHECK(spectrum.step_hz == Approx(64 / segment));
    REQUIRE(spectrum.density.size() == row["density"].size());
    for (size_t k = 0; k < spectrum.density.size(); ++k) {
      CHECK(spectrum.density[k] == Approx(row["density"][k].get<double>()).epsilon(1e-10));
    }
  }
}

TEST_CASE("Welch's method finds the density of white noise and ignores a loud glitch") {
  std::vector<double> strain(1 << 17);
  Random random(2, 0, 0, Purpose::test);
  for (double& value : strain) value = 3 * random.normal();
  const auto mean = [&] {
    const Spectrum spectrum = median_welch(strain, 1024, 1);
    double sum = 0;
    for (const double density : spectrum.density) sum += density / static_cast<double>(spectrum.density.size());
    return sum;
  };
  CHECK(mean() == Approx(2 * 9.0 / 1024).epsilon(0.02));  // 2 variance / rate
  for (size_t i = 5000; i < 5100; ++i) strain[i] += 1000;
  CHECK(mean() == Approx(2 * 9.0 / 1024).epsilon(0.03));
}

TEST_CASE("segments that the strain does not have are refused") {
  const std::vector<double> strain(100, 1.0);
  CHECK_THROWS_AS(median_welch(strain, 10, 11), Error);
  CHECK_THROWS_AS(median_welch(strain, 10, 0), Error);
  CHECK_THROWS_AS(median_welch(strain, 10, 1, 1), Error);
  CHECK_THROWS_AS(median_welch(strain, 0, 1), Error);
}

namespace {

std::vector<double> drawn(const SpectrumFamilyConfig& config, uint64_t index, const FrequencyBand& band) {
  std::vector<double> result(band.size());
  Random random(9, 0, index, Purpose::test);
  draw_whitening(config, random, band, result);
  return result;
}

}  // namespace

TEST_CASE("a family of one curve without ripple and lines is that curve") {
  SpectrumFamilyConfig config;
  const NoiseCurve& curve = design_curve("aligo_early");
  config.low_asd = {curve.low_asd, curve.low_asd};
  config.low_exponent = {curve.low_exponent, curve.low_exponent};
  config.mid_asd = {curve.mid_asd, curve.mid_asd};
  config.mid_exponent = {curve.mid_exponent, curve.mid_exponent};
  config.high_asd = {curve.high_asd, curve.high_asd};
  config.corner_hz = {curve.corner_hz, curve.corner_hz};
  config.ripple = 0;
  config.lines = {0, 0};
  check(config);
  const FrequencyBand band = frequency_band(20, 1000, 0.25);
  const std::vector<double> whitening = drawn(config, 0, band);
  for (int64_t i = 0; i < band.size(); ++i) {
    CHECK(whitening[i] * std::sqrt(curve.density(band.frequency_hz(i))) == Approx(1).epsilon(1e-3));
  }
}

TEST_CASE("random noise spectra surround those of the real detectors") {
  const SpectrumFamilyConfig config;
  check(config);
  const FrequencyBand band = frequency_band(20, 1000, 0.5);
  std::vector<std::vector<double>> all;
  for (uint64_t index = 0; index < 400; ++index) all.push_back(drawn(config, index, band));
  // Smallest and largest noise of the LIGO detectors from 2015 to their design, in 1/sqrt(Hz).
  for (const auto& [frequency, low, high] : {std::array{20.0, 1.6e-23, 3.1e-22},
                                             {40.0, 6e-24, 5.4e-23},
                                             {100.0, 3.9e-24, 1.1e-23},
                                             {300.0, 3e-24, 9.3e-24},
                                             {900.0, 4.3e-24, 1.8e-23}}) {
    CAPTURE(frequency);
    std::vector<double> asd;
    for (const std::vector<double>& one : all) asd.push_back(1 / one[static_cast<size_t>(frequency / 0.5) - 40]);
    std::sort(asd.begin(), asd.end());
    CHECK(asd[asd.size() / 100] < low);
    CHECK(asd[asd.size() * 98 / 100] > high);
  }
  for (const std::vector<double>& one : all) {
    for (const double value : one) REQUIRE((value > 1e14 && value < 1e25));
  }
}

TEST_CASE("a random noise spectrum depends on the random stream alone") {
  const SpectrumFamilyConfig config;
  const FrequencyBand band = frequency_band(20, 500, 0.5);
  CHECK(drawn(config, 3, band) == drawn(config, 3, band));
  CHECK(drawn(config, 3, band) != drawn(config, 4, band));
  Random random(9, 0, 3, Purpose::test);
  const Spectrum spectrum = draw_spectrum(config, random, 0.5, 500);
  CHECK(spectrum.density.size() == 1001);
  CHECK(spectrum.density[0] == spectrum.density[20]);
}

TEST_CASE("ranges of random noise spectra survive the config file, and empty ones are refused") {
  CHECK(config::description_faults<SpectrumFamilyConfig>().empty());
  const auto family = config::parse<SpectrumFamilyConfig>("low_asd: {min: 1.0e-23, max: 2.0e-23}\nripple: 0.1", "test");
  CHECK(family.low_asd.max == 2e-23);
  CHECK(family.high_asd.min == SpectrumFamilyConfig{}.high_asd.min);
  CHECK(config::parse<SpectrumFamilyConfig>(config::to_yaml(family), "test").low_asd.min == 1e-23);
  SpectrumFamilyConfig empty;
  empty.corner_hz = {300, 200};
  CHECK_THROWS_WITH(check(empty), Catch::Contains("corner_hz"));
  empty.corner_hz = {0, 200};
  CHECK_THROWS_WITH(check(empty), Catch::Contains("corner_hz"));
}
