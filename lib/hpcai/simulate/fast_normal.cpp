#include "hpcai/simulate/fast_normal.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace hpcai::simulate {
namespace {

constexpr int kSteps = 4096;
using Table = std::array<float, kSteps>;

// The quantile of the normal distribution in the middle of each step (by Newton's method), scaled to variance 1.
Table make_table() {
  Table table{};
  double x = 0, squares = 0;
  for (int i = kSteps / 2; i < kSteps; ++i) {
    const double target = (i + 0.5) / kSteps;
    for (int iteration = 0; iteration < 20; ++iteration) {
      const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
      x += (target - 0.5 * std::erfc(-x / std::numbers::sqrt2)) / density;
    }
    table[i] = static_cast<float>(x);
    table[kSteps - 1 - i] = -table[i];
    squares += 2 * x * x;
  }
  for (float& value : table) value = static_cast<float>(value / std::sqrt(squares / kSteps));
  return table;
}

}  // namespace

float FastNormal::operator()() {
  static const Table kTable = make_table();
  if (std::exchange(has_spare_, !has_spare_)) return kTable[word_ >> 20];
  word_ = random_.bits();
  return kTable[word_ & 0xFFF];
}

}  // namespace hpcai::simulate
