#pragma once

#include <catch2/catch.hpp>
#include <complex>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::simulate::strain_test {

// Reference values that scripts/make_strain_fixtures.py wrote.
inline const nlohmann::json& strain_reference() {
  static const nlohmann::json kReference = [] {
    std::ifstream file(HPCAI_SOURCE_DIR "/tests/fixtures/strain/strain.json");
    REQUIRE(file.good());
    return nlohmann::json::parse(file);
  }();
  return kReference;
}

inline std::complex<double> value_at(const ConstComplexSpan& series, int64_t index) {
  return {series.re[index], series.im[index]};
}

inline std::complex<double> value_at(const nlohmann::json& series, int64_t index) {
  return {series["re"][index].get<double>(), series["im"][index].get<double>()};
}

// The parameters of a row of the fixture; those of place and time that it does not have are zero.
inline CompactBinary binary_of(const nlohmann::json& row) {
  CompactBinaryValues values{};
  for (size_t i = 0; i < values.size(); ++i) values[i] = row.value(std::string(kCompactBinaryParameters[i]), 0.0);
  return compact_binary(values);
}

// A random binary with masses from a few to 200 solar masses.
inline CompactBinary random_binary(uint64_t index) {
  Random random(5, 0, index, Purpose::test);
  CompactBinary b{};
  b.chirp_mass = 4 * std::pow(20.0, random.uniform());
  b.mass_ratio = random.uniform(1.0 / 18, 1);
  b.chi_1 = random.uniform(-0.99, 0.99);
  b.chi_2 = random.uniform(-0.99, 0.99);
  b.luminosity_distance = random.uniform(50, 3000);
  b.theta_jn = random.uniform(0, 3.14);
  b.psi = random.uniform(0, 3.14);
  b.phase = random.uniform(0, 6.28);
  b.time_s = random.uniform(-0.1, 0.1);
  b.zenith = random.uniform(0, 3.14);
  b.azimuth = random.uniform(0, 6.28);
  return b;
}

}  // namespace hpcai::simulate::strain_test
