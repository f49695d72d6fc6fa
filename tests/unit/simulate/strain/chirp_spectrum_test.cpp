#include "hpcai/simulate/strain/chirp_spectrum.h"

#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/simulate/phenomd.h"
#include "hpcai/simulate/strain/projection.h"
#include "hpcai/simulate/strain/units.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using std::numbers::pi;
using strain_test::strain_reference;
using strain_test::value_at;

namespace {

ComplexSeries chirp_of(const CompactBinary& b, const FrequencyBand& band, double reference_hz = 20) {
  ComplexSeries h(band.size());
  chirp_spectrum(b.chirp_mass, b.mass_ratio, b.chi_1, b.chi_2, b.luminosity_distance, reference_hz, band, h);
  return h;
}

}  // namespace

TEST_CASE("polarisations are those of LALSimulation, with phase, time and amplitude") {
  const FrequencyBand band{0.25, 80, 4096};
  for (const nlohmann::json& row : strain_reference()["chirps"]) {
    const CompactBinary b = strain_test::binary_of(row);
    CAPTURE(b.chirp_mass, b.mass_ratio, b.chi_1, b.chi_2);
    const ComplexSeries h = chirp_of(b, band);
    const std::complex<double> plus = response({1, 0}, b.theta_jn, b.phase), cross = response({0, 1}, b.theta_jn, b.phase);
    double error = 0;
    for (size_t i = 0; i < row["bins"].size(); ++i) {
      const std::complex<double> value = value_at(h, row["bins"][i].get<int64_t>() - band.first);
      error = std::max(error, std::abs(plus * value - value_at(row["plus"], i)));
      error = std::max(error, std::abs(cross * value - value_at(row["cross"], i)));
    }
    CHECK(error < 1e-5 * row["peak"].get<double>());
    const int64_t end = row["end"].get<int64_t>() - band.first;
    CHECK(std::abs(value_at(h, end - 1)) > 0);
    if (end < band.size()) CHECK(std::abs(value_at(h, end)) == 0);
  }
}

TEST_CASE("spectra evaluated at many frequencies equal the formulas evaluated at one") {
  for (uint64_t index = 0; index < 40; ++index) {
    const CompactBinary b = strain_test::random_binary(index);
    CAPTURE(b.chirp_mass, b.mass_ratio, b.chi_1, b.chi_2);
    const FrequencyBand band = frequency_band(15, 1024, 0.5);
    const ComplexSeries h = chirp_of(b, band, 25);
    const double mass = total_mass(b) * kSolarMassSeconds;
    const PhenomD model(holes(b.mass_ratio, b.chi_1, b.chi_2));
    const double unit = std::sqrt(5 / pi) / 4 * mass * mass / (b.luminosity_distance * kMegaparsecSeconds);
    const double slope = model.pieces().lal_slope;
    const double origin = model.phase(25 * mass) + slope * 25 * mass;
    double error = 0;
    for (int64_t i = 0; i < band.size(); ++i) {
      const double f = band.frequency_hz(i) * mass;
      if (f >= 0.2 - 0.5 * mass) break;
      const std::complex<double> exact = unit * model.amplitude(f) * std::polar(1.0, origin - model.phase(f) - slope * f);
      error = std::max(error, std::abs(value_at(h, i) / exact - 1.0));
    }
    CHECK(error < 1e-9);
  }
}

TEST_CASE("the amplitude is inverse to the distance, and mass and frequency scale together") {
  CompactBinary near = strain_test::random_binary(3);
  near.chirp_mass = 20;
  const ComplexSeries h = chirp_of(near, {0.5, 40, 400});
  CompactBinary far = near;
  far.luminosity_distance *= 3;
  const ComplexSeries weak = chirp_of(far, {0.5, 40, 400});
  CompactBinary heavy = near;
  heavy.chirp_mass *= 2;
  const ComplexSeries slow = chirp_of(heavy, {0.25, 40, 400}, 10);
  for (const int64_t i : {0, 100, 300}) {
    CHECK(std::abs(value_at(weak, i) * 3.0 / value_at(h, i) - 1.0) < 1e-12);
    CHECK(std::abs(value_at(slow, i) / 4.0 / value_at(h, i) - 1.0) < 1e-9);
  }
}

TEST_CASE("a spectrum is the same in a part of the band") {
  const CompactBinary b = strain_test::random_binary(4);
  const ComplexSeries whole = chirp_of(b, {0.25, 80, 4096}), part = chirp_of(b, {0.25, 333, 1111});
  for (int64_t i = 0; i < 1111 - 333; ++i) {
    CHECK(std::abs(value_at(part, i) - value_at(whole, i + 333 - 80)) <= 1e-12 * std::abs(value_at(part, i)));
  }
}

TEST_CASE("a band is the whole frequencies within its bounds") {
  CHECK(frequency_band(20, 1000, 0.25) == FrequencyBand{0.25, 80, 4001});
  CHECK(frequency_band(20.1, 20.9, 0.5) == FrequencyBand{0.5, 41, 42});
  CHECK(frequency_band(0.1 * 3, 0.1 * 7, 0.1).size() == 5);
  for (const auto& [low, high, step] : {std::array{0.0, 10.0, 1.0}, {20.0, 10.0, 1.0}, {20.0, 30.0, 0.0}, {1.0, 1e9, 1e-3}}) {
    CHECK_THROWS_AS(frequency_band(low, high, step), Error);
  }
}
