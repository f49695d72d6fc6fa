#pragma once

#include <array>

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// Coordinates of a binary in which the waveform changes evenly: ln q, chi_eff = (q s1 + s2) / (1 + q), and s1 - s2. The first two
// determine most of the waveform. The last one changes it little.
struct BinaryCoordinates {
  double log_mass_ratio = 0;
  double effective_spin = 0;
  double spin_difference = 0;
};

BinaryCoordinates coordinates(const Binary& binary);
// The inverse: s1 = chi_eff + (s1 - s2) / (1 + q), s2 = chi_eff - q (s1 - s2) / (1 + q).
Binary binary_at(const BinaryCoordinates& coordinates);

// The derivatives of (q, s1, s2), in rows, with respect to the coordinates, in columns.
std::array<std::array<double, 3>, 3> derivatives_at(const BinaryCoordinates& coordinates);

}  // namespace hpcai::simulate
