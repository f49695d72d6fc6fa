#include "hpcai/kernels/box_muller/box_muller.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "../instruction_sets.h"
#include "hpcai/core/random.h"

namespace hpcai::kernels {
namespace {

constexpr int64_t kGroups = 4096, kHalf = kBoxMullerGroup / 2;

// A radius of 0, the largest one, and angles at which a sine or a cosine vanishes.
std::vector<double> uniform_numbers() {
  std::vector<double> uniform = {0, 1 - 0x1p-53, 0x1p-53, 0.5,  0.25,  0.75,        0x1p-30, 0.125,
                                 0, 0.25,        0.5,     0.75, 0.125, 1 - 0x1p-53, 0x1p-53, 0.375};
  Random random(1, 0, 0, Purpose::test);
  while (std::ssize(uniform) < kGroups * kBoxMullerGroup) uniform.push_back(random.uniform(0, 1));
  return uniform;
}

// The same in the C library's float64 functions, as LibTorch computes them.
std::vector<float> plain_box_muller(const std::vector<double>& uniform, double deviation) {
  std::vector<float> normal(uniform.size());
  for (size_t i = 0; i < uniform.size(); ++i) {
    const bool is_cosine = i % kBoxMullerGroup < kHalf;
    const size_t first = is_cosine ? i : i - kHalf;
    const double radius = std::sqrt(-2 * std::log(1 - uniform[first])), angle = 2 * std::numbers::pi * uniform[first + kHalf];
    normal[i] = static_cast<float>(radius * (is_cosine ? std::cos(angle) : std::sin(angle)) * deviation);
  }
  return normal;
}

}  // namespace

TEST_CASE("normal numbers are those of the C library's functions, rounded to float32") {
  const std::vector<double> uniform = uniform_numbers();
  const std::vector<float> expected = plain_box_muller(uniform, 0.7);
  for_each_instruction_set([&] {
    std::vector<float> normal(uniform.size());
    box_muller(uniform.data(), kGroups, 0.7, normal.data());
    int64_t different = 0;
    for (size_t i = 0; i < normal.size(); ++i) {
      INFO("number " << i << ": " << normal[i] << ", expected " << expected[i]);
      REQUIRE(normal[i] == Approx(expected[i]).epsilon(1e-6).margin(1e-15));
      different += normal[i] != expected[i] && std::abs(expected[i]) > 1e-12;
    }
    // The float64 values differ in their last bits, so that one in 10^8 rounds to another float32.
    CHECK(different == 0);
  });
}

}  // namespace hpcai::kernels
