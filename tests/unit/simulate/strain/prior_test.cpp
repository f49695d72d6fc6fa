#include <cmath>
#include <limits>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/prior.h"
#include "unit/simulate/strain/strain_fixture.h"

using namespace hpcai;
using namespace hpcai::simulate;
using strain_test::strain_reference;

namespace {

struct Section {
  PriorConfig prior = UniformPriorConfig{};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("prior", prior, {.help = "A prior."});
  }
};

PriorConfig parsed(const std::string& yaml) { return config::parse<Section>("prior: " + yaml, "test").prior; }

std::string fault(const PriorConfig& prior, const std::string& name) {
  try {
    check(prior, name);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("quantiles and densities of priors are those of bilby") {
  REQUIRE(strain_reference()["priors"].size() == 8);
  for (const nlohmann::json& row : strain_reference()["priors"]) {
    CAPTURE(row["prior"].dump());
    const PriorConfig prior = parsed(row["prior"].dump());
    for (size_t i = 0; i < row["u"].size(); ++i) {
      const double x = row["x"][i];
      CHECK(quantile(prior, row["u"][i]) == Approx(x).epsilon(1e-12));
      if (row.contains("log_density")) CHECK(log_density(prior, x) == Approx(row["log_density"][i].get<double>()).epsilon(1e-12));
    }
  }
}

TEST_CASE("quantiles begin and end at the range, outside of which the density is zero") {
  for (const PriorConfig& prior : {PriorConfig(UniformPriorConfig{-1, 3}), PriorConfig(PowerLawPriorConfig{2, 0, 5}),
                                   PriorConfig(PowerLawPriorConfig{-1, 1, 5}), PriorConfig(SinePriorConfig{}),
                                   PriorConfig(CosinePriorConfig{-0.1, 1.2}), PriorConfig(FixedPriorConfig{2})}) {
    const auto [low, high] = range(prior);
    CHECK(quantile(prior, 0) == Approx(low).margin(1e-7));
    CHECK(quantile(prior, 1) == Approx(high).margin(1e-7));
    CHECK(log_density(prior, low - 1e-6) == -std::numeric_limits<double>::infinity());
    CHECK(log_density(prior, high + 1e-6) == -std::numeric_limits<double>::infinity());
    CHECK(std::isfinite(log_density(prior, (low + high) / 2)));
  }
}

TEST_CASE("densities are the slopes of the quantiles") {
  for (const PriorConfig& prior : {PriorConfig(UniformPriorConfig{-1, 3}), PriorConfig(PowerLawPriorConfig{2, 1, 5}),
                                   PriorConfig(PowerLawPriorConfig{-1, 1, 5}), PriorConfig(SinePriorConfig{0.2, 2}),
                                   PriorConfig(CosinePriorConfig{-0.1, 1.2})}) {
    for (const double u : {0.1, 0.5, 0.8}) {
      const double slope = (quantile(prior, u + 1e-5) - quantile(prior, u - 1e-5)) / 2e-5;
      CHECK(std::exp(log_density(prior, quantile(prior, u))) == Approx(1 / slope).epsilon(1e-6));
    }
  }
}

TEST_CASE("impossible priors are refused with the reason") {
  CHECK(fault(UniformPriorConfig{3, 3}, "chirp_mass") == "the prior of chirp_mass has no values: min = 3 is not below max = 3");
  CHECK(fault(UniformPriorConfig{0, std::numeric_limits<double>::infinity()}, "phase") == "the prior of phase is not finite");
  CHECK(fault(UniformPriorConfig{0.01, 1}, "mass_ratio").find("physical range") != std::string::npos);
  CHECK(fault(UniformPriorConfig{-1, 1}, "chi_1").find("physical range") != std::string::npos);
  CHECK(fault(PowerLawPriorConfig{-1, 0, 5}, "luminosity_distance").find("infinite integral") != std::string::npos);
  CHECK(fault(PowerLawPriorConfig{2, -1, 5}, "time").find("negative") != std::string::npos);
  CHECK(fault(SinePriorConfig{0, 4}, "theta_jn").find("positive") != std::string::npos);
  CHECK(fault(FixedPriorConfig{0}, "luminosity_distance") == "the prior of luminosity_distance is zero");
  CHECK(fault(PowerLawPriorConfig{2, 0, 5}, "luminosity_distance").empty());
  CHECK(fault(UniformPriorConfig{-0.99, 0.99}, "chi_2").empty());
  CHECK(fault(FixedPriorConfig{-3}, "azimuth").empty());
}

TEST_CASE("priors survive the config file") {
  CHECK(config::description_faults<Section>().empty());
  for (const char* yaml : {"{type: fixed, value: 2.5}", "{type: cosine}", "{type: power_law, exponent: 2, min: 1, max: 9}"}) {
    const Section before{parsed(yaml)};
    CHECK(config::digest(config::parse<Section>(config::to_yaml(before), "test")) == config::digest(before));
  }
}

TEST_CASE("masses and spins of a binary follow from chirp mass and mass ratio") {
  CompactBinary b = strain_test::random_binary(1);
  b.chirp_mass = 30;
  b.mass_ratio = 0.25;
  b.chi_1 = 0.5;
  b.chi_2 = -0.5;
  const auto [m1, m2] = component_masses(b);
  CHECK(m2 / m1 == Approx(0.25));
  CHECK(std::pow(m1 * m2, 0.6) / std::pow(m1 + m2, 0.2) == Approx(30));
  CHECK(total_mass(b) == Approx(m1 + m2));
  CHECK(chi_eff(b) == Approx((0.5 * m1 - 0.5 * m2) / (m1 + m2)));
  CHECK(values_of(compact_binary(values_of(b))) == values_of(b));
}

TEST_CASE("binaries outside of the physical range are refused by name") {
  check(strain_test::random_binary(2));
  for (size_t i = 0; i < kCompactBinaryParameters.size(); ++i) {
    CompactBinaryValues values = values_of(strain_test::random_binary(2));
    values[i] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(check(compact_binary(values)), Catch::Contains(std::string(kCompactBinaryParameters[i])));
  }
  CompactBinary b = strain_test::random_binary(2);
  b.luminosity_distance = 0;
  CHECK_THROWS_AS(check(b), Error);
}
