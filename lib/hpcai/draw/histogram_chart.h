#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// Histograms of one or several sets of values.
struct HistogramChart {
  struct Set {
    std::string label;           // in the legend; empty: there is none
    std::vector<double> values;  // finite
    std::string_view colour = colour::kBlue;
  };
  std::string title, x_title;
  std::vector<Set> sets = {};
  bool logarithmic_x = false;  // values that are not above 0 count as the smallest one that is
  size_t bins = 40;
};

// Draws the part of each set's values in each bin into `cell`. Throws Error{bad_data} that names the chart if a set is empty or a
// value is not finite.
void draw_histogram_chart(Canvas& canvas, const Rectangle& cell, const HistogramChart& chart);

}  // namespace hpcai::draw
