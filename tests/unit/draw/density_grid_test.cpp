#include "hpcai/draw/density_grid.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

using namespace hpcai::draw;

namespace {

// Signed area; lines run with the higher side on their left, so that it is positive around a hill.
double area(const Ring& ring) {
  double sum = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const auto &a = ring[i], &b = ring[(i + 1) % ring.size()];
    sum += (a.first * b.second - b.first * a.second) / 2;
  }
  return sum;
}

// A grid of f at the middles of cells, over -3 to 3.
template <class Function>
DensityGrid grid_of(size_t cells, const Function& f) {
  DensityGrid grid{cells, cells, {}};
  for (size_t row = 0; row < cells; ++row) {
    for (size_t column = 0; column < cells; ++column) {
      const auto at = [&](size_t k) { return -3 + 6 * (static_cast<double>(k) + 0.5) / static_cast<double>(cells); };
      grid.values.push_back(f(at(column), at(row)));
    }
  }
  return grid;
}

}  // namespace

TEST_CASE("the contour of a round hill is a circle of the right size") {
  const DensityGrid grid = grid_of(60, [](double x, double y) { return std::exp(-(x * x + y * y) / 2); });
  const auto rings = contour_rings(grid, std::exp(-0.5));
  REQUIRE(rings.size() == 1);
  CHECK(area(rings[0]) / 100 == Approx(std::numbers::pi).epsilon(0.003));
  for (const auto& [x, y] : rings[0]) CHECK(std::hypot(x - 30, y - 30) == Approx(10).epsilon(0.002));
}

TEST_CASE("hills have a ring each, a hole has one that turns the other way, and a plain has none") {
  const auto two =
      contour_rings(grid_of(40, [](double x, double y) { return std::exp(-4 * (std::pow(std::abs(x) - 1.5, 2) + y * y)); }), 0.5);
  REQUIRE(two.size() == 2);
  CHECK(area(two[0]) == Approx(area(two[1])).epsilon(1e-9));
  const auto ring =
      contour_rings(grid_of(60, [](double x, double y) { return std::exp(-4 * std::pow(std::hypot(x, y) - 1.5, 2)); }), 0.5);
  REQUIRE(ring.size() == 2);
  CHECK(area(ring[0]) * area(ring[1]) < 0);
  CHECK(contour_rings(grid_of(10, [](double, double) { return 0.0; }), 0.5).empty());
}

TEST_CASE("what lies above the level at the edge ends there") {
  const auto all = contour_rings(grid_of(10, [](double, double) { return 1.0; }), 0.5);
  REQUIRE(all.size() == 1);
  CHECK(area(all[0]) == Approx(100));
  const auto half = contour_rings(grid_of(60, [](double x, double) { return x; }), 0);
  REQUIRE(half.size() == 1);
  CHECK(area(half[0]) == Approx(30 * 60));
}

TEST_CASE("corners that touch at a saddle are joined or not as the middle says, and every ring is closed") {
  for (const double low : {0.0, 0.4}) {  // the middle is 0.5 or 0.7
    DensityGrid grid{2, 2, {1, low, low, 1}};
    const auto rings = contour_rings(grid, 0.6);
    CHECK(rings.size() == (low == 0 ? 2 : 1));
  }
}

TEST_CASE("the estimate of a normal distribution holds its mass within the right levels") {
  std::vector<double> x, y, weights;
  // The quantiles of a disc: radius by Rayleigh's distribution, angle by the golden ratio.
  constexpr int kCount = 40000;
  for (int i = 0; i < kCount; ++i) {
    const double r = std::sqrt(-2 * std::log((i + 0.5) / kCount)),
                 angle = 2 * std::numbers::pi * std::fmod(i * 0.6180339887498949, 1);
    x.push_back(2 * r * std::cos(angle));
    y.push_back(r * std::sin(angle));
    weights.push_back(1.0 / kCount);
  }
  const LinearAxis across{-10, 10, 0, 1}, along{-5, 5, 0, 1};
  const DensityGrid grid = estimate_density({x, y, weights}, across, along, 50);
  double sum = 0;
  for (const double value : grid.values) sum += value;
  CHECK(sum == Approx(1));
  for (const double mass : {0.5, 0.9}) {
    const auto rings = contour_rings(grid, level_of_mass(grid, mass));
    REQUIRE(rings.size() == 1);
    const double expected = -2 * std::log(1 - mass) * std::numbers::pi * 2;  // the ellipse's area
    CHECK(area(rings[0]) * 0.4 * 0.2 == Approx(expected).epsilon(0.06));     // the kernel widens it a little
  }
}

TEST_CASE("a density that ends at the edge of the range does not fall towards it") {
  std::vector<double> x, y;
  for (int i = 0; i < 20000; ++i) {
    x.push_back(std::fmod(i * 0.7548776662466927, 1));
    y.push_back(std::fmod(i * 0.5698402909980532, 1));
  }
  const std::vector<double> weights(x.size(), 1.0 / 20000);
  const DensityGrid grid = estimate_density({x, y, weights}, {0, 1, 0, 1}, {0, 1, 0, 1}, 20);
  for (const double value : grid.values) CHECK(value == Approx(1.0 / 400).epsilon(0.05));
  const DensityGrid none = estimate_density({x, y, weights}, {5, 6, 0, 1}, {0, 1, 0, 1}, 20);
  CHECK(none.values == std::vector<double>(400, 0));
}
