#include "hpcai/draw/density_grid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "hpcai/core/weighted.h"

namespace hpcai::draw {
namespace {

// The kernel's standard deviation in cells.
double kernel_width(std::span<const double> values, std::span<const double> weights, double cell) {
  double mean = 0, variance = 0;
  for (size_t i = 0; i < values.size(); ++i) mean += weights[i] * values[i];
  for (size_t i = 0; i < values.size(); ++i) variance += weights[i] * std::pow(values[i] - mean, 2);
  const double scott = std::sqrt(variance) * std::pow(effective_sample_size(weights), -1.0 / 6);
  return std::clamp(0.8 * scott / cell, 0.5, 6.0);
}

// Smooths `count` values that lie `stride` apart, reflected at both ends.
void smooth(double* values, int64_t count, size_t stride, double width) {
  const auto reach = static_cast<int64_t>(std::ceil(4 * width));
  std::vector<double> kernel, smoothed(static_cast<size_t>(count), 0);
  double sum = 0;
  for (int64_t k = -reach; k <= reach; ++k) {
    kernel.push_back(std::exp(-0.5 * std::pow(static_cast<double>(k) / width, 2)));
    sum += kernel.back();
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t k = -reach; k <= reach; ++k) {
      const int64_t turn = ((i + k) % (2 * count) + 2 * count) % (2 * count);
      const int64_t from = std::min(turn, 2 * count - 1 - turn);
      smoothed[static_cast<size_t>(i)] +=
          kernel[static_cast<size_t>(k + reach)] / sum * values[static_cast<size_t>(from) * stride];
    }
  }
  for (size_t i = 0; i < smoothed.size(); ++i) values[i * stride] = smoothed[i];
}

// A point between two neighbouring nodes of the padded grid: the number of the first one, and whether the second one lies above
// it or to its right.
struct Edge {
  size_t node;
  bool upwards;

  auto operator<=>(const Edge&) const = default;
};

// The grid with two rings around it: its outermost values again, so that lines reach its edge, and zeros, which close them.
class PaddedGrid {
 public:
  explicit PaddedGrid(const DensityGrid& grid) : grid_(grid), width_(grid.columns + 4), height_(grid.rows + 4) {}

  size_t width() const { return width_; }
  size_t height() const { return height_; }
  double at(size_t column, size_t row) const {
    if (column == 0 || row == 0 || column + 1 == width_ || row + 1 == height_) return 0;
    return grid_.at(inner(column, grid_.columns), inner(row, grid_.rows));
  }
  // Where the value passes `level` between the two nodes, in cells of the grid.
  std::pair<double, double> place(const Edge& edge, double level) const {
    const size_t column = edge.node % width_, row = edge.node / width_;
    const double here = at(column, row), there = edge.upwards ? at(column, row + 1) : at(column + 1, row);
    const double part = (level - here) / (there - here);
    const double x = static_cast<double>(column) - 1.5 + (edge.upwards ? 0 : part);
    const double y = static_cast<double>(row) - 1.5 + (edge.upwards ? part : 0);
    return {std::clamp(x, 0.0, static_cast<double>(grid_.columns)), std::clamp(y, 0.0, static_cast<double>(grid_.rows))};
  }

 private:
  static size_t inner(size_t at, size_t count) { return std::clamp(at, size_t{2}, count + 1) - 2; }

  const DensityGrid& grid_;
  size_t width_, height_;
};

// For each edge that a line crosses the edge that it crosses next, with the higher side on the left.
std::map<Edge, Edge> crossings(const PaddedGrid& grid, double level) {
  std::map<Edge, Edge> next;
  for (size_t row = 0; row + 1 < grid.height(); ++row) {
    for (size_t column = 0; column + 1 < grid.width(); ++column) {
      const size_t node = row * grid.width() + column;
      const Edge bottom{node, false}, left{node, true}, top{node + grid.width(), false}, right{node + 1, true};
      const double corners[] = {grid.at(column, row), grid.at(column + 1, row), grid.at(column + 1, row + 1),
                                grid.at(column, row + 1)};
      // side k lies between the corners k and k + 1
      const Edge sides[] = {bottom, right, top, left};
      std::vector<size_t> enters, leaves;
      for (size_t k = 0; k < 4; ++k) {
        const bool high = corners[k] > level, next_high = corners[(k + 1) % 4] > level;
        if (!high && next_high) leaves.push_back(k);
        if (high && !next_high) enters.push_back(k);
      }
      const double middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4;
      for (const size_t side : enters) {
        // Of two lines in a cell each turns around a high corner, or around a low one if the middle is high.
        const size_t turned = (side + 1) % 4, other = (side + 3) % 4;
        const bool two = leaves.size() == 2;
        next.emplace(sides[side], sides[!two ? leaves[0] : middle > level ? turned : other]);
      }
    }
  }
  return next;
}

}  // namespace

DensityGrid estimate_density(const PlanePoints& points, const LinearAxis& x, const LinearAxis& y, size_t cells) {
  DensityGrid grid{cells, cells, std::vector<double>(cells * cells, 0)};
  const double width = (x.high - x.low) / static_cast<double>(cells), height = (y.high - y.low) / static_cast<double>(cells);
  double sum = 0;
  for (size_t i = 0; i < points.x.size(); ++i) {
    const double column = std::floor((points.x[i] - x.low) / width), row = std::floor((points.y[i] - y.low) / height);
    const auto last = static_cast<double>(cells);
    if (!(column >= 0 && row >= 0 && column <= last && row <= last)) continue;
    const auto c = static_cast<size_t>(std::min(column, last - 1)), r = static_cast<size_t>(std::min(row, last - 1));
    grid.values[r * cells + c] += points.weights[i];
    sum += points.weights[i];
  }
  if (sum == 0) return grid;
  for (double& value : grid.values) value /= sum;
  const double across = kernel_width(points.x, points.weights, width), along = kernel_width(points.y, points.weights, height);
  for (size_t k = 0; k < cells; ++k) {
    smooth(grid.values.data() + k * cells, static_cast<int64_t>(cells), 1, across);
  }
  for (size_t k = 0; k < cells; ++k) smooth(grid.values.data() + k, static_cast<int64_t>(cells), cells, along);
  return grid;
}

double level_of_mass(const DensityGrid& grid, double mass) {
  std::vector<double> falling = grid.values;
  std::ranges::sort(falling, std::ranges::greater{});
  double total = 0, above = 0;
  for (const double value : falling) total += value;
  for (const double value : falling) {
    above += value;
    if (above >= mass * total) return value * (1 - 1e-12);  // the last cell lies above the level too
  }
  return 0;
}

std::vector<Ring> contour_rings(const DensityGrid& grid, double level) {
  const PaddedGrid padded(grid);
  std::map<Edge, Edge> next = crossings(padded, level);
  std::vector<Ring> rings;
  while (!next.empty()) {
    Ring& ring = rings.emplace_back();
    for (auto at = next.begin(); at != next.end();) {
      ring.push_back(padded.place(at->first, level));
      const Edge following = at->second;
      next.erase(at);
      at = next.find(following);
    }
  }
  return rings;
}

}  // namespace hpcai::draw
