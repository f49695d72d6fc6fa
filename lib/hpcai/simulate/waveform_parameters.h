#pragma once

#include <cstdint>
#include <string>

#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// first, first + step, ... below stop.
struct ParameterRange {
  double first = 0;
  double step = 0;
  int64_t size = 1;

  double value(int64_t index) const { return first + static_cast<double>(index) * step; }

  // Reads "first:stop:step" (stop exclusive; values that miss it by rounding alone count as it) or a single number.
  // `name` stands in messages. Throws Error{usage} for anything else, a step that is not positive, a stop not above
  // first, and more than a million values.
  static ParameterRange parse(const std::string& name, const std::string& text);
};

std::string to_string(const ParameterRange& range);

// All combinations of three ranges; spin2 varies fastest. The published training set is 1:8:0.08 with -0.8:0.8:0.012
// for both spins, its test set the midpoints 1.04:8:0.16 with -0.794:0.8:0.024.
struct ParameterGrid {
  ParameterRange mass_ratio, spin1, spin2;

  int64_t size() const { return mass_ratio.size * spin1.size * spin2.size; }
  // 0 <= index < size().
  Binary binary(int64_t index) const;
};

// Throws Error{usage} unless every binary of the grid is valid (waveform.h).
void check(const ParameterGrid& grid);

}  // namespace hpcai::simulate
