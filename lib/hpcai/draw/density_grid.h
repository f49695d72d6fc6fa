#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "hpcai/draw/axis.h"

// The density of weighted points in a plane, and lines of equal density.
namespace hpcai::draw {

// Values at the middles of even cells.
struct DensityGrid {
  size_t columns = 0, rows = 0;
  std::vector<double> values;  // [rows, columns], row by row with rising y; sum 1, or all 0

  double at(size_t column, size_t row) const { return values[row * columns + column]; }
};

// Points to estimate a density of; weights have sum 1.
struct PlanePoints {
  std::span<const double> x, y, weights;
};

// Counts the points in `cells` times `cells` cells of the range and smooths the counts with a Gaussian kernel of 0.8 times
// Scott's width n^(-1/6), n the effective number of points. At the edges of the range the kernel is reflected, so that a density
// that ends there does not fall towards them. Points outside of the range do not count.
DensityGrid estimate_density(const PlanePoints& points, const LinearAxis& x, const LinearAxis& y, size_t cells);

// The density above which `mass` (0 to 1) of the grid's sum lies.
double level_of_mass(const DensityGrid& grid, double mass);

using Ring = std::vector<std::pair<double, double>>;

// The closed lines around all that lies above `level` (marching squares), in cells: the grid spans 0 to columns and 0 to rows. A
// region that reaches the edge of the grid ends there.
std::vector<Ring> contour_rings(const DensityGrid& grid, double level);

}  // namespace hpcai::draw
