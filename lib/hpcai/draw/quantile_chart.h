#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// How a value depends on a parameter: its median and the range from the 5 to the 95 % quantile, in even bins of the parameter.
struct QuantileChart {
  std::string title, x_title, y_title;
  std::vector<double> x = {}, y = {};  // one of each for every sample, finite
  bool logarithmic_y = false;
  size_t bins = 16;
};

// Draws it into `cell`. Bins without samples are left out. Throws Error{bad_data} that names the chart if it has no samples, if
// x and y differ in length, or if a number is not finite.
void draw_quantile_chart(Canvas& canvas, const Rectangle& cell, const QuantileChart& chart);

}  // namespace hpcai::draw
