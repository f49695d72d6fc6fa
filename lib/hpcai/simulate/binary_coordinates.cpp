#include "hpcai/simulate/binary_coordinates.h"

#include <cmath>

namespace hpcai::simulate {

BinaryCoordinates coordinates(const Binary& binary) {
  const double q = binary.mass_ratio;
  return {std::log(q), (q * binary.spin1 + binary.spin2) / (1 + q), binary.spin1 - binary.spin2};
}

Binary binary_at(const BinaryCoordinates& coordinates) {
  const double q = std::exp(coordinates.log_mass_ratio), part = coordinates.spin_difference / (1 + q);
  return {q, coordinates.effective_spin + part, coordinates.effective_spin - q * part};
}

std::array<std::array<double, 3>, 3> derivatives_at(const BinaryCoordinates& coordinates) {
  const double q = std::exp(coordinates.log_mass_ratio);
  const double by_log_q = -q * coordinates.spin_difference / ((1 + q) * (1 + q));
  return {{{q, 0, 0}, {by_log_q, 1, 1 / (1 + q)}, {by_log_q, 1, -q / (1 + q)}}};
}

}  // namespace hpcai::simulate
