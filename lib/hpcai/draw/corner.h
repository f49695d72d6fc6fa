#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

struct CornerColumn {
  std::string name;                            // of the parameter, on the axes
  std::string unit = {};                       // empty for a pure number
  std::optional<double> truth = std::nullopt;  // drawn as a line
};

// Samples of all columns.
struct CornerSamples {
  std::string label;                 // in the legend
  std::vector<double> values;        // [samples, columns]
  std::vector<double> weights = {};  // [samples]; empty: all alike
  std::string_view colour = colour::kBlue;
};

struct CornerPlot {
  std::string title, description;  // the description is read to those who cannot see the picture
  std::vector<CornerColumn> columns;
  std::vector<CornerSamples> sets;  // the first is filled, others are drawn as lines above it
  std::vector<double> prior = {};   // [samples, columns]; may be empty
};

// The one-dimensional distributions of all columns on the diagonal, below the first set's median and the ends of its 90 %
// interval as distances from it; below the diagonal, for each pair of columns, the smallest regions that hold 50 and 90 % of each
// set, by density_grid.h. An axis reaches from the 0.2 to the 99.8 % quantile of all sets and a little further, but not beyond
// their extremes, and to the truth. Throws Error{usage} without columns, sets or samples, for more than 12 columns, and
// Error{bad_data} that names the set if lengths do not agree, a number is not finite, or weights are negative or all 0.
Canvas draw_corner(const CornerPlot& plot);

}  // namespace hpcai::draw
