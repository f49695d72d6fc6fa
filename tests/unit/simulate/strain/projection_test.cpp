#include "hpcai/simulate/strain/projection.h"

#include <cmath>
#include <numbers>

#include "hpcai/simulate/strain/chirp_spectrum.h"
#include "hpcai/simulate/strain/spectrum.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using strain_test::strain_reference;
using strain_test::value_at;

namespace {

const FrequencyBand kBand{0.25, 80, 4001};

ComplexSeries strain(const CompactBinary& b, const Detector& one, const Direction& direction, double geocentric_time,
                     const std::vector<double>& weight) {
  ComplexSeries h(kBand.size());
  chirp_spectrum(b.chirp_mass, b.mass_ratio, b.chi_1, b.chi_2, b.luminosity_distance, 20, kBand, h);
  project(h, antenna(one, direction, b.psi), b.theta_jn, b.phase, geocentric_time + delay_s(one, direction), kBand, weight, h);
  return h;
}

}  // namespace

TEST_CASE("strain, signal-to-noise ratio and inner product in a detector are those of bilby") {
  const std::vector<double> ones(kBand.size(), 1.0), white = inverse_asd(design_spectrum("aligo", 0.25, 1024), kBand);
  for (const nlohmann::json& row : strain_reference()["responses"]) {
    const CompactBinary b = strain_test::binary_of(row), other = strain_test::binary_of(strain_reference()["chirps"][0]);
    const Detector& one = detector(row["detector"].get<std::string>());
    const Direction direction{row["longitude"], row["latitude"]};
    const double time = row["geocentric_time"];
    CAPTURE(one.name, b.chirp_mass);
    const ComplexSeries h = strain(b, one, direction, time, ones);
    for (size_t i = 0; i < row["bins"].size(); ++i) {
      const std::complex<double> value = value_at(h, row["bins"][i].get<int64_t>() - kBand.first);
      CHECK(std::abs(value - value_at(row, i)) < 2e-5 * row["peak"].get<double>());
    }
    const ComplexSeries whitened = strain(b, one, direction, time, white), second = strain(other, one, direction, time, white);
    CHECK(std::sqrt(optimal_snr_squared(whitened, kBand)) == Approx(row["snr"].get<double>()).epsilon(3e-6));
    const std::complex<double> product = inner_product(whitened, second, kBand), expected(row["product"][0], row["product"][1]);
    const double norm = std::sqrt(optimal_snr_squared(whitened, kBand) * optimal_snr_squared(second, kBand));
    CHECK(std::abs(product - expected) < 1e-5 * norm);
  }
}

TEST_CASE("a projection is the formula evaluated at each frequency") {
  const FrequencyBand band{0.125, 161, 8000};
  ComplexSeries chirp(band.size()), out(band.size());
  std::vector<double> weight(band.size());
  Random random(3, 0, 0, Purpose::test);
  for (int64_t i = 0; i < band.size(); ++i) {
    chirp.re[i] = random.normal();
    chirp.im[i] = random.normal();
    weight[i] = random.uniform(0.5, 2);
  }
  const Antenna antenna{0.3, -0.7};
  const double theta = 0.8, phase = 1.1, time = -3.217;
  project(chirp, antenna, theta, phase, time, band, weight, out);
  const double cosine = std::cos(theta);
  double error = 0;
  for (int64_t i = 0; i < band.size(); ++i) {
    const std::complex<double> factor(antenna.plus * (1 + cosine * cosine) / 2, -antenna.cross * cosine);
    const std::complex<double> expected = factor * std::polar(weight[i], 2 * phase) * value_at(chirp, i) *
                                          std::polar(1.0, -2 * std::numbers::pi * band.frequency_hz(i) * time);
    error = std::max(error, std::abs(value_at(out, i) - expected));
  }
  CHECK(error < 1e-10);
}

TEST_CASE("the sums of a likelihood are inner products of projected signals") {
  const FrequencyBand band{0.5, 40, 777};
  ComplexSeries chirp(band.size()), data(band.size()), weighted(band.size());
  std::vector<double> weight(band.size()), inverse_density(band.size());
  Random random(4, 0, 0, Purpose::test);
  for (int64_t i = 0; i < band.size(); ++i) {
    chirp.re[i] = random.normal();
    chirp.im[i] = random.normal();
    data.re[i] = random.normal();
    data.im[i] = random.normal();
    weight[i] = random.uniform(0.5, 2);
    weighted.re[i] = data.re[i] * weight[i];
    weighted.im[i] = -data.im[i] * weight[i];
    inverse_density[i] = weight[i] * weight[i];
  }
  ComplexSeries signal(band.size());
  project(chirp, {1, 0}, 0, 0, 0.03, band, weight, signal);
  const ChirpSums sums = chirp_sums(chirp, weighted, inverse_density, 0.03, band);
  CHECK(std::abs(sums.overlap - inner_product(data, signal, band)) < 1e-8);
  CHECK(sums.power == Approx(optimal_snr_squared(signal, band)).epsilon(1e-12));
}

TEST_CASE("the matched filter of white noise follows a normal distribution") {
  const FrequencyBand band{0.25, 80, 1000};
  ComplexSeries chirp(band.size()), noise(band.size());
  chirp_spectrum(30, 0.8, 0, 0, 500, 20, band, chirp);
  const std::vector<double> weight(band.size(), 1e23);
  project(chirp, {1, 0}, 0, 0, 0, band, weight, chirp);
  const double norm = std::sqrt(optimal_snr_squared(chirp, band)), deviation = 1 / std::sqrt(4 * band.step_hz);
  double mean = 0, square = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    Random random(6, 0, trial, Purpose::test);
    for (int64_t i = 0; i < band.size(); ++i) {
      noise.re[i] = deviation * random.normal();
      noise.im[i] = deviation * random.normal();
    }
    const double snr = inner_product(noise, chirp, band).real() / norm;
    mean += snr / kTrials;
    square += snr * snr / kTrials;
  }
  CHECK(mean == Approx(0).margin(4 / std::sqrt(kTrials)));
  CHECK(square == Approx(1).margin(4 * std::sqrt(2.0 / kTrials)));
}
