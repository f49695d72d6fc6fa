#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace hpcai::inference {

// The quadtree (D = 2) or octree (D = 3) of points, for the repulsion of t-SNE: a cell that looks small from a point acts as one
// point at its mean (Barnes and Hut 1986; van der Maaten 2014, section 4.2). The same points give the same tree.
template <int D>
class CellTree {
 public:
  using Point = std::array<double, D>;

  explicit CellTree(const std::vector<Point>& points) : order_(points.size()) {
    for (size_t i = 0; i < points.size(); ++i) order_[i] = static_cast<uint32_t>(i);
    Point low = points[0], high = points[0];
    for (const Point& point : points) {
      for (int d = 0; d < D; ++d) {
        low[d] = std::min(low[d], point[d]);
        high[d] = std::max(high[d], point[d]);
      }
    }
    double side = 0;
    for (int d = 0; d < D; ++d) side = std::max(side, high[d] - low[d]);
    scratch_.resize(points.size());
    add_cell(points, 0, static_cast<uint32_t>(points.size()), low, side, 0);
    for (const uint32_t i : order_) sorted_.push_back(points[i]);
  }

  // The numbers of the points, cell after cell.
  const std::vector<uint32_t>& order() const { return order_; }

  // Adds sum_j w^2 (y - y_j) to `force` and returns sum_j w, with w = 1 / (1 + |y - y_j|^2), over all points but that at `place`
  // of order(), which lies at y. A cell acts as one point if its side is below `angle` times its distance; angle 0 is exact.
  // `angle` must not exceed 0.57, so that no cell that holds y is taken for a point.
  double repulsion(uint32_t place, double angle, Point& force) const {
    const Point at = sorted_[place];
    const double angle2 = angle * angle;
    double sum = 0;
    for (uint32_t c = 0; c < cells_.size();) {
      const Cell& cell = cells_[c];
      const bool leaf = cell.begin < cell.end, own = cell.begin <= place && place < cell.end;
      Point difference;
      const double distance2 = subtract(at, cell.mean, difference);
      if (!own && cell.side2 < angle2 * distance2) {
        const double w = 1 / (1 + distance2), counted = cell.points * w;
        sum += counted;
        for (int d = 0; d < D; ++d) force[d] += counted * w * difference[d];
        c = cell.next;
        continue;
      }
      if (!leaf) {
        ++c;
        continue;
      }
      for (uint32_t j = cell.begin; j < cell.end; ++j) {
        if (j == place) continue;
        const double w = 1 / (1 + subtract(at, sorted_[j], difference));
        sum += w;
        for (int d = 0; d < D; ++d) force[d] += w * w * difference[d];
      }
      c = cell.next;
    }
    return sum;
  }

 private:
  static constexpr uint32_t kLeafPoints = 8;
  static constexpr int kDeepest = 40, kParts = 1 << D;

  struct Cell {
    Point mean{};
    double side2 = 0, points = 0;
    uint32_t next = 0;            // the cell behind this one's parts
    uint32_t begin = 0, end = 0;  // of a leaf: its points in sorted_
  };

  static double subtract(const Point& a, const Point& b, Point& difference) {
    double squared = 0;
    for (int d = 0; d < D; ++d) {
      difference[d] = a[d] - b[d];
      squared += difference[d] * difference[d];
    }
    return squared;
  }

  // Adds the cell of the points at [begin, end) of order_, and its parts behind it.
  void add_cell(const std::vector<Point>& points, uint32_t begin, uint32_t end, const Point& low, double side, int depth) {
    const size_t number = cells_.size();
    cells_.emplace_back();
    Cell cell;
    cell.side2 = side * side;
    cell.points = end - begin;
    for (uint32_t k = begin; k < end; ++k) {
      for (int d = 0; d < D; ++d) cell.mean[d] += points[order_[k]][d] / cell.points;
    }
    if (end - begin <= kLeafPoints || depth == kDeepest || side == 0) {
      cell.begin = begin;
      cell.end = end;
    } else {
      add_parts(points, begin, end, low, side / 2, depth + 1);
    }
    cell.next = static_cast<uint32_t>(cells_.size());
    cells_[number] = cell;
  }

  // Sorts the points of a cell into its parts, in a stable order.
  void add_parts(const std::vector<Point>& points, uint32_t begin, uint32_t end, const Point& low, double half, int depth) {
    const auto part_of = [&](uint32_t i) {
      int part = 0;
      for (int d = 0; d < D; ++d) part |= static_cast<int>(points[i][d] >= low[d] + half) << d;
      return part;
    };
    std::array<uint32_t, kParts + 1> starts{};
    for (uint32_t k = begin; k < end; ++k) ++starts[part_of(order_[k]) + 1];
    for (int part = 0; part < kParts; ++part) starts[part + 1] += starts[part];
    auto filled = starts;
    for (uint32_t k = begin; k < end; ++k) scratch_[begin + filled[part_of(order_[k])]++] = order_[k];
    std::copy(scratch_.begin() + begin, scratch_.begin() + end, order_.begin() + begin);
    for (int part = 0; part < kParts; ++part) {
      if (starts[part] == starts[part + 1]) continue;
      Point corner = low;
      for (int d = 0; d < D; ++d) corner[d] += (part >> d & 1) * half;
      add_cell(points, begin + starts[part], begin + starts[part + 1], corner, half, depth);
    }
  }

  std::vector<uint32_t> order_, scratch_;
  std::vector<Point> sorted_;
  std::vector<Cell> cells_;  // each before its parts
};

}  // namespace hpcai::inference
