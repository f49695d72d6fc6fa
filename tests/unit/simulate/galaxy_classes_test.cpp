#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "galaxy_statistics.h"
#include "hpcai/simulate/galaxy.h"

// How hard the task is, seen by statistics that need no training: none may be useless for all, none may solve it.
namespace hpcai::simulate {
namespace {

constexpr int kSize = 64;

struct Statistics {
  double elongation, concentration, blueness, asymmetry;
};

Statistics statistics(const GalaxyImage& image) {
  Plane green(kSize);
  double sky = 0;
  for (int i = 0; i < kSize; ++i) sky += image.pixels[static_cast<size_t>(3 * i + 1)] / static_cast<double>(kSize);
  double near = 0, far = 0, red = 1, blue = 1, difference = 0, sum = 1;
  for (int row = 0; row < kSize; ++row) {
    for (int column = 0; column < kSize; ++column) {
      const auto at = [&](int y, int x, int c) { return image.pixels[static_cast<size_t>(3 * (y * kSize + x) + c)] - sky; };
      const double value = at(row, column, 1);
      green.row(row)[column] = static_cast<float>(value);
      const double radius = std::hypot(row - 31.5, column - 31.5);
      if (radius > 24) continue;
      (radius < 8 ? near : far) += value;
      red += at(row, column, 0), blue += at(row, column, 2);
      difference += std::abs(value - at(63 - row, 63 - column, 1));
      sum += std::abs(value);
    }
  }
  const test::Moments m = test::measure(green, 1, 20);
  return {1 - std::sqrt(std::max(m.minor, 0.01) / std::max(m.major, 0.01)), near / (std::abs(far) + near + 1), blue / red,
          difference / sum};
}

// Accuracy of the best threshold, either way round; chance is 0.5.
double best_threshold(std::vector<std::pair<double, int>> values) {
  std::sort(values.begin(), values.end());
  int balance = 0, largest = 0;  // spirals minus ellipticals below the threshold
  for (const auto& [value, label] : values) {
    balance += label == kSpiral ? 1 : -1;
    largest = std::max(largest, std::abs(balance));
  }
  return 0.5 + largest / static_cast<double>(values.size());
}

TEST_CASE("Simple statistics of the pixels tell the classes apart better than chance, and none does it well") {
  for (const Survey survey : {Survey::sdss, Survey::des}) {
    std::vector<std::pair<double, int>> values[4];
    for (uint64_t i = 0; i < 1200; ++i) {
      const GalaxyImage image = render(survey, kSize, 31, i);
      const Statistics s = statistics(image);
      values[0].emplace_back(s.elongation, image.label);
      values[1].emplace_back(s.concentration, image.label);
      values[2].emplace_back(s.blueness, image.label);
      values[3].emplace_back(s.asymmetry, image.label);
    }
    double best = 0;
    for (const auto& statistic : values) {
      const double accuracy = best_threshold(statistic);
      CAPTURE(static_cast<int>(survey), accuracy);
      CHECK(accuracy < 0.93);
      best = std::max(best, accuracy);
    }
    CHECK(best > 0.65);
  }
}

}  // namespace
}  // namespace hpcai::simulate
