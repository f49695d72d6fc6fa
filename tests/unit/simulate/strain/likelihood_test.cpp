#include "hpcai/simulate/strain/likelihood.h"

#include <cmath>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/spectrum.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using strain_test::strain_reference;

namespace {

Likelihood reference_likelihood() {
  const nlohmann::json& row = strain_reference()["likelihood"];
  const FrequencyBand band{row["step"], row["first"], row["last"]};
  const std::vector<double> white = inverse_asd(design_spectrum("aligo", band.step_hz, 1024), band);
  std::vector<WhitenedData> detectors;
  for (const nlohmann::json& one : row["data"]) {
    WhitenedData data{one["detector"], ComplexSeries(band.size()), white};
    for (int64_t i = 0; i < band.size(); ++i) {
      data.data.re[i] = one["re"][i].get<double>() * white[i];
      data.data.im[i] = one["im"][i].get<double>() * white[i];
    }
    detectors.push_back(data);
  }
  return {detectors, band, 20, BaselineFrame(detector("H1"), detector("L1"))};
}

}  // namespace

TEST_CASE("the likelihood is that of bilby, with and without the phase") {
  const Likelihood likelihood = reference_likelihood();
  CHECK(likelihood.detectors() == 2);
  for (const nlohmann::json& row : strain_reference()["likelihood"]["binaries"]) {
    const CompactBinary b = strain_test::binary_of(row);
    CAPTURE(b.chirp_mass, b.mass_ratio, b.zenith, b.time_s);
    // Far from the best binary the difference of 1e-5 rad between the two models counts.
    CHECK(likelihood.log_ratio(b) == Approx(row["log_ratio"].get<double>()).margin(1e-3).epsilon(1e-5));
    CHECK(Likelihood::log_ratio_phase_marginalised(likelihood.terms(b)) ==
          Approx(row["marginal"].get<double>()).margin(1e-3).epsilon(0));
  }
}

TEST_CASE("the marginal likelihood is the mean over phases") {
  const Likelihood likelihood = reference_likelihood();
  CompactBinary b = strain_test::binary_of(strain_reference()["likelihood"]["binaries"][0]);
  const Likelihood::Terms terms = likelihood.terms(b);
  const double marginal = Likelihood::log_ratio_phase_marginalised(terms);
  double mean = 0;
  constexpr int kPhases = 4000;
  for (int i = 0; i < kPhases; ++i) {
    const double phase = 2 * std::acos(-1.0) * i / kPhases;
    mean += std::exp(Likelihood::log_ratio(terms, phase) - marginal) / kPhases;
  }
  CHECK(mean == Approx(1).epsilon(1e-9));
}

TEST_CASE("the logarithm of the Bessel function is that of SciPy, also where the function overflows") {
  const nlohmann::json& rows = strain_reference()["log_i0"];
  for (size_t i = 0; i < rows[0].size(); ++i) {
    CHECK(log_bessel_i0(rows[0][i]) == Approx(rows[1][i].get<double>()).epsilon(1e-12).margin(1e-15));
  }
  CHECK(log_bessel_i0(20 - 1e-9) == Approx(log_bessel_i0(20 + 1e-9)).epsilon(1e-9));
}

TEST_CASE("many threads compute the same likelihoods at once") {
  const Likelihood likelihood = reference_likelihood();
  std::vector<double> alone, together(64);
  for (uint64_t i = 0; i < together.size(); ++i) alone.push_back(likelihood.log_ratio(strain_test::random_binary(i)));
  std::vector<std::thread> threads;
  for (size_t part = 0; part < 4; ++part) {
    threads.emplace_back([&, part] {
      for (size_t i = part; i < together.size(); i += 4) together[i] = likelihood.log_ratio(strain_test::random_binary(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(together == alone);
}

TEST_CASE("a likelihood without detectors or with data of another band is refused") {
  const BaselineFrame frame(detector("H1"), detector("L1"));
  const FrequencyBand band{0.5, 40, 100};
  CHECK_THROWS_AS(Likelihood({}, band, 20, frame), Error);
  const WhitenedData data{"H1", ComplexSeries(60), std::vector<double>(59)};
  CHECK_THROWS_WITH(Likelihood({data}, band, 20, frame), Catch::Contains("60 frequencies"));
  const WhitenedData unknown{"X1", ComplexSeries(60), std::vector<double>(60)};
  CHECK_THROWS_WITH(Likelihood({unknown}, band, 20, frame), Catch::Contains("X1"));
}
