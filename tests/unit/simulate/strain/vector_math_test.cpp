#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/random.h"
#include "hpcai/simulate/strain/vector_math.h"

using namespace hpcai;
namespace vm = hpcai::simulate::vector_math;

TEST_CASE("functions for vector loops agree with those of the standard library") {
  Random random(1, 0, 0, Purpose::test);
  double exp_error = 0, log_error = 0, atan_error = 0, sin_error = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = random.uniform(-600, 600);
    exp_error = std::max(exp_error, std::abs(vm::exp(x) / std::exp(x) - 1));
    const double positive = std::pow(10.0, random.uniform(-90, 90));
    log_error = std::max(log_error, std::abs(vm::log(positive) - std::log(positive)) / (1 + std::abs(std::log(positive))));
    const double wide = std::tan(random.uniform(-1.57, 1.57));
    atan_error = std::max(atan_error, std::abs(vm::atan(wide) - std::atan(wide)));
    const double angle = random.uniform(-1, 1) * std::pow(10.0, random.uniform(-3, 6));
    const vm::SinCos both = vm::sin_cos(angle);
    sin_error = std::max({sin_error, std::abs(both.sin - std::sin(angle)), std::abs(both.cos - std::cos(angle))});
  }
  CHECK(exp_error < 1e-15);
  CHECK(log_error < 1e-15);
  CHECK(atan_error < 2e-14);
  CHECK(sin_error < 2e-13);
}

TEST_CASE("functions for vector loops are exact at special arguments") {
  CHECK(vm::exp(0) == 1);
  CHECK(vm::log(1) == 0);
  CHECK(vm::atan(0) == 0);
  CHECK(std::signbit(vm::atan(-0.0)));
  CHECK(vm::atan(1e300) == Approx(std::acos(0.0)));
  CHECK(vm::sin_cos(0).sin == 0);
  CHECK(vm::sin_cos(0).cos == 1);
}
