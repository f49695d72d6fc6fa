#pragma once

#include <cstdint>
#include <span>

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

struct RefineOptions {
  int64_t most_steps = 12;    // of one attempt
  double good_enough = 1e-9;  // mismatch at which the search ends
  double another_try = 1e-5;  // mismatch above which other starts are tried
};

struct Refined {
  Binary binary;
  double mismatch = 1;    // 1 - the overlap of the series with the real part of h22, as refine() defines it
  int64_t waveforms = 0;  // computed
};

// Finds the binary whose waveform fits a real series, such as Re h22, best: it minimises
//   |x(t) - Re(c h22(t + tau))|^2
// over (q, s1, s2) within their domain, a complex factor c and a time shift tau, by Levenberg-Marquardt steps from `start`. With
// the best c, the square relative to |x|^2 is 1 - overlap^2. The Jacobian is one of differences; a step that works well keeps the
// last one. The damping holds the direction that the series does not determine, mostly s1 - s2, near the start.
//
// If the mismatch stays above options.another_try, the last part of the series is fitted first, where the waveforms differ by
// less than a cycle, and then the whole; at last from other mass ratios. `series` holds grid.size() values. The result is never
// worse than `start`. A series or a start that is not finite gives the start moved into the domain, and mismatch 1; NaN becomes
// the value of equal masses without spin. The scale of the series does not matter. Computes on the calling thread.
Refined refine(std::span<const double> series, const TimeGrid& grid, const Binary& start, const RefineOptions& options = {});

}  // namespace hpcai::simulate
