#include "hpcai/simulate/strain/binary.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "hpcai/core/error.h"

namespace hpcai::simulate {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool must_not_be_zero(std::string_view parameter) { return parameter == "chirp_mass" || parameter == "luminosity_distance"; }

}  // namespace

CompactBinaryValues values_of(const CompactBinary& b) {
  return {b.chirp_mass, b.mass_ratio, b.chi_1,  b.chi_2,  b.luminosity_distance, b.theta_jn, b.psi,
          b.phase,      b.time_s,     b.zenith, b.azimuth};
}

CompactBinary compact_binary(const CompactBinaryValues& v) {
  return {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]};
}

std::pair<double, double> physical_range(std::string_view parameter) {
  if (must_not_be_zero(parameter)) return {0, kInfinity};
  if (parameter == "mass_ratio") return {kLeastCompactMassRatio, 1};
  if (parameter == "chi_1" || parameter == "chi_2") return {-kMostCompactSpin, kMostCompactSpin};
  if (parameter == "theta_jn" || parameter == "zenith") return {0, std::numbers::pi};
  return {-kInfinity, kInfinity};
}

void check(const CompactBinary& binary) {
  const CompactBinaryValues values = values_of(binary);
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string_view name = kCompactBinaryParameters[i];
    const auto [low, high] = physical_range(name);
    if (std::isfinite(values[i]) && values[i] >= low && values[i] <= high && !(values[i] == 0 && must_not_be_zero(name)))
      continue;
    throw Error(ExitCode::usage, fmt::format("binary: {} = {:g} is outside its physical range", name, values[i]),
                "IMRPhenomD needs mass ratios m2/m1 from 1/18 to 1, spins from -0.99 to 0.99, a positive mass and distance, and "
                "angles theta_jn and zenith from 0 to pi");
  }
}

double total_mass_of_chirp_mass(double mass_ratio) { return std::pow(1 + mass_ratio, 1.2) / std::pow(mass_ratio, 0.6); }

double total_mass(const CompactBinary& binary) { return binary.chirp_mass * total_mass_of_chirp_mass(binary.mass_ratio); }

std::pair<double, double> component_masses(const CompactBinary& binary) {
  const double heavier = total_mass(binary) / (1 + binary.mass_ratio);
  return {heavier, heavier * binary.mass_ratio};
}

double chi_eff(const CompactBinary& binary) {
  return (binary.chi_1 + binary.mass_ratio * binary.chi_2) / (1 + binary.mass_ratio);
}

Binary holes(double mass_ratio, double chi_1, double chi_2) { return {1 / mass_ratio, chi_1, chi_2}; }

}  // namespace hpcai::simulate
