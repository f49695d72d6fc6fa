#pragma once

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// The black hole that a merger leaves behind. Frequencies are cycles per M, M = total initial mass.
struct Remnant {
  double spin;               // dimensionless
  double radiated_energy;    // fraction of M
  double ring_frequency;     // oscillation of the quasi-normal mode l = m = 2, n = 0
  double damping_frequency;  // 1 / (2 pi damping time)
};

// Final spin and radiated energy: Husa et al., arXiv:1508.07250, equations 3.6 and 3.8.
Remnant remnant(const Binary& binary);

}  // namespace hpcai::simulate
