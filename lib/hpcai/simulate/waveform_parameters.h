#pragma once

#include <cstdint>
#include <string>

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// The values first, first + step, ..., `size` in number.
struct ParameterRange {
  double first = 0;
  double step = 0;
  int64_t size = 1;

  double value(int64_t index) const { return first + static_cast<double>(index) * step; }

  // Reads "first:stop:step" or a single number. `stop` is excluded, also if a value differs from it by rounding only. `name` is
  // for messages. Throws Error{usage} for other text, a step <= 0, a stop <= first, and more than a million values.
  static ParameterRange parse(const std::string& name, const std::string& text);
};

// The inverse of parse().
std::string to_string(const ParameterRange& range);

// All combinations of three ranges; spin2 varies fastest. The published training set has the mass ratios 1:8:0.08 and the spins
// -0.8:0.8:0.012; its test set has the midpoints 1.04:8:0.16 and -0.794:0.8:0.024.
struct ParameterGrid {
  ParameterRange mass_ratio, spin1, spin2;

  int64_t size() const { return mass_ratio.size * spin1.size * spin2.size; }
  // Combination `index`, 0 <= index < size().
  Binary binary(int64_t index) const;
};

// Throws Error{usage} unless every binary of the grid is valid (waveform.h).
void check(const ParameterGrid& grid);

}  // namespace hpcai::simulate
