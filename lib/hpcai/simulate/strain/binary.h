#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// A merging binary of black holes with spins along the orbit as a source in the sky: the names and conventions of bilby.
struct CompactBinary {
  double chirp_mass;           // solar masses, in the detectors' frame
  double mass_ratio;           // m2 / m1 <= 1
  double chi_1, chi_2;         // spins of the heavier and the lighter hole
  double luminosity_distance;  // Mpc
  double theta_jn;             // between the orbital angular momentum and the line of sight, rad
  double psi;                  // polarisation angle, rad
  double phase;                // orbital phase at the reference frequency, rad
  double time_s;               // of the merger at the first detector, relative to the reference time
  double zenith, azimuth;      // direction about the line between two detectors (baseline_frame.h), rad
};

// The names of the members of CompactBinary in configs and files, in this order.
inline constexpr std::array<std::string_view, 11> kCompactBinaryParameters = {
    "chirp_mass", "mass_ratio", "chi_1", "chi_2", "luminosity_distance", "theta_jn", "psi", "phase", "time", "zenith", "azimuth"};

using CompactBinaryValues = std::array<double, kCompactBinaryParameters.size()>;
CompactBinaryValues values_of(const CompactBinary& binary);
CompactBinary compact_binary(const CompactBinaryValues& values);

inline constexpr double kLeastCompactMassRatio = 1.0 / 18;  // the calibration of IMRPhenomD
inline constexpr double kMostCompactSpin = 0.99;

// The physical range of a parameter: of the mass ratio 1/18 to 1, of the spins -0.99 to 0.99, of mass and distance the positive
// numbers, of theta_jn and zenith 0 to pi. Infinite for the others and for other names.
std::pair<double, double> physical_range(std::string_view parameter);

// Throws Error{usage} unless all values are finite and in their physical ranges. Mass and distance must not be zero.
void check(const CompactBinary& binary);

// m1 + m2 in units of the chirp mass.
double total_mass_of_chirp_mass(double mass_ratio);
double total_mass(const CompactBinary& binary);                           // solar masses
std::pair<double, double> component_masses(const CompactBinary& binary);  // m1 >= m2, solar masses
double chi_eff(const CompactBinary& binary);                              // (m1 chi_1 + m2 chi_2) / (m1 + m2)

// The binary of waveform.h, whose mass ratio is m1 / m2.
Binary holes(double mass_ratio, double chi_1, double chi_2);

}  // namespace hpcai::simulate
