#include "hpcai/core/random.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <set>

using namespace hpcai;

TEST_CASE("philox gives the published Random123 test vectors") {
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}) == std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream depends on seed, epoch, index and purpose and on nothing else") {
  auto first = [](uint64_t seed, uint64_t epoch, uint64_t index, Purpose purpose) {
    return Random(seed, epoch, index, purpose).bits();
  };
  CHECK(first(1, 2, 3, Purpose::augment) == first(1, 2, 3, Purpose::augment));
  std::set<uint32_t> values{first(1, 2, 3, Purpose::augment),
                            first(2, 2, 3, Purpose::augment),
                            first(1, 3, 3, Purpose::augment),
                            first(1, 2, 4, Purpose::augment),
                            first(1, 2, 3, Purpose::shuffle),
                            first(1, 2, 3 + (1ULL << 32), Purpose::augment),
                            first(1 + (1ULL << 32), 2, 3, Purpose::augment)};
  CHECK(values.size() == 7);
}

TEST_CASE("uniform and normal numbers have the moments of their distributions") {
  Random random(7, 0, 0, Purpose::test);
  const int n = 200000;
  double sum = 0, square = 0, normal_sum = 0, normal_square = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    square += u * u;
    const double z = random.normal();
    normal_sum += z;
    normal_square += z * z;
    fourth += z * z * z * z;
  }
  CHECK(sum / n == Approx(0.5).margin(0.003));
  CHECK(square / n == Approx(1.0 / 3).margin(0.003));
  CHECK(normal_sum / n == Approx(0).margin(0.01));
  CHECK(normal_square / n == Approx(1).margin(0.015));
  CHECK(fourth / n == Approx(3).margin(0.1));
}

TEST_CASE("below is uniform and stays in range") {
  Random random(7, 0, 1, Purpose::test);
  std::array<int, 7> count{};
  for (int i = 0; i < 70000; ++i) ++count.at(random.below(7));
  for (int c : count) CHECK(std::abs(c - 10000) < 500);
}

TEST_CASE("a permutation holds every number once and changes with the epoch") {
  for (int64_t n : {0, 1, 2, 1000}) {
    auto order = permutation(n, 5, 0);
    std::sort(order.begin(), order.end());
    for (int64_t i = 0; i < n; ++i) REQUIRE(order[i] == i);
  }
  CHECK(permutation(1000, 5, 0) == permutation(1000, 5, 0));
  CHECK(permutation(1000, 5, 0) != permutation(1000, 5, 1));
  CHECK(permutation(1000, 5, 0) != permutation(1000, 6, 0));
}
