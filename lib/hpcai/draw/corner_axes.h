#pragma once

#include <span>
#include <vector>

#include "hpcai/draw/axis.h"
#include "hpcai/draw/corner.h"

// What a corner plot shows, column by column, and where.
namespace hpcai::draw {

// A set of samples with one list for each column and weights of sum 1.
struct CornerSet {
  std::vector<std::vector<double>> columns;
  std::vector<double> weights;
  std::string_view colour;
};

// Throws what draw_corner throws.
void check_corner(const CornerPlot& plot);

CornerSet corner_set(std::span<const double> values, std::span<const double> weights, size_t columns, std::string_view colour);

struct CornerLayout {
  double cell = 0;            // side of a panel
  std::vector<LinearAxis> x;  // of each column, from left to right
  std::vector<LinearAxis> y;  // of each row, from bottom to top
  double legend_left = 0, legend_top = 0;
  double width = 0, height = 0;  // of the picture

  Rectangle panel(size_t column, size_t row) const { return {x[column].start, y[row].stop, x[column].stop, y[row].start}; }
};

// `legend_width`: of the legend in the upper right corner.
CornerLayout lay_out_corner(const CornerPlot& plot, const std::vector<CornerSet>& sets, double legend_width);

}  // namespace hpcai::draw
