#pragma once

#include <array>

#include "hpcai/simulate/binary_coordinates.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

using Matrix3 = std::array<std::array<double, 3>, 3>;

// The metric of the mismatch (Owen, PRD 53, 6749, 1996): for a small change d of the coordinates (binary_coordinates.h),
//   1 - overlap = d^T G d,
// where the overlap has white noise and is maximised over phase and time shift, as in overlap.h. G is half the Gram matrix of the
// derivatives of h22 / |h22|, without their parts along a change of phase and of time. The derivatives are central differences;
// at the edge of the domain they are one-sided. The parts of the waveform that a time shift moves over the ends of the grid are
// neglected. Throws what h22() throws.
//
// The form holds for small d, and in overlap() not for the smallest: overlap() continues both series with zeros, so that a shift
// costs what it moves over the ends. Below mismatches of some 1e-5 to 1e-4 that cost pins the shift, and 1 - overlap() exceeds
// the form. At 1e-4 they agree to 40 % in the directions that change ln q or chi_eff; along s1 - s2, which matters little, the
// step to 1e-4 is large and the agreement worse.
Matrix3 waveform_metric(const Binary& binary, const TimeGrid& grid);

}  // namespace hpcai::simulate
