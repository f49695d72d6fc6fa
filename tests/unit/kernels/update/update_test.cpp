#include "hpcai/kernels/update/update.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "hpcai/core/random.h"

using namespace hpcai;
using namespace hpcai::kernels;

namespace {

constexpr int64_t kSizes[] = {1, 3, 8, 15, 16, 17, 64, 2049};

// Values of a parameter and its state.
struct Values {
  explicit Values(int64_t count) {
    Random random(1, 0, static_cast<uint64_t>(count), Purpose::test);
    for (auto* values : {&weight, &gradient, &mean, &square, &average}) {
      for (int64_t i = 0; i < count; ++i) values->push_back(static_cast<float>(random.uniform(-1, 1)));
    }
    for (float& value : square) value = std::abs(value);
  }

  UpdatePiece piece() {
    return {weight.data(), gradient.data(), mean.data(), square.data(), average.data(), static_cast<int64_t>(weight.size())};
  }

  std::vector<float> weight, gradient, mean, square, average;
};

struct Expected {
  double weight, mean, square = 0;
};

void check_near(const Values& after, const Values& before, double average_weight, const auto& expected) {
  for (size_t i = 0; i < after.weight.size(); ++i) {
    const Expected value = expected(i);
    REQUIRE(after.weight[i] == Approx(value.weight).margin(2e-6));
    REQUIRE(after.mean[i] == Approx(value.mean).margin(1e-6));
    REQUIRE(after.square[i] == Approx(value.square).margin(1e-6));
    REQUIRE(after.average[i] == Approx(before.average[i] + average_weight * (value.weight - before.average[i])).margin(2e-6));
  }
}

}  // namespace

TEST_CASE("the momentum rule is its formula in double precision, for sizes that are no multiple of a vector") {
  for (const int64_t count : kSizes) {
    for (const bool nesterov : {false, true}) {
      for (const float average_weight : {0.1F, 0.9F}) {
        const Values before(count);
        Values after = before;
        const MomentumRule rule{0.5F, 0.1F, 0.9F, 0.7F, 0.3F, nesterov, 0.8F, average_weight};
        update_momentum(after.piece(), rule);
        check_near(after, before, average_weight, [&](size_t i) -> Expected {
          const double g = 0.5 * before.gradient[i] + 0.1 * before.weight[i], u = 0.9 * before.mean[i] + 0.7 * g;
          return {before.weight[i] - 0.3 * (nesterov ? g + 0.8 * u : u), u, before.square[i]};
        });
      }
    }
  }
}

TEST_CASE("the momentum rule works without a momentum and without an average") {
  const Values before(21);
  Values after = before;
  UpdatePiece piece = after.piece();
  piece.mean = piece.average = nullptr;
  update_momentum(piece, {.rate = 0.25F});
  for (size_t i = 0; i < 21; ++i) CHECK(after.weight[i] == Approx(before.weight[i] - 0.25 * before.gradient[i]).margin(1e-6));
  CHECK(after.mean == before.mean);
  CHECK(after.average == before.average);
}

TEST_CASE("the measure of memory adds the gradient to all other values, and leaves out null pointers") {
  for (const int64_t count : kSizes) {
    const Values before(count);
    Values after = before;
    UpdatePiece piece = after.piece();
    piece.square = nullptr;
    move_values(piece);
    for (size_t i = 0; i < before.weight.size(); ++i) {
      const float g = before.gradient[i];
      CHECK(after.weight[i] == before.weight[i] + g);
      CHECK(after.mean[i] == before.mean[i] + g);
      CHECK(after.average[i] == before.average[i] + g);
    }
    CHECK(after.gradient == before.gradient);
    CHECK(after.square == before.square);
  }
}

TEST_CASE("the rule of Adam is its formula in double precision") {
  for (const int64_t count : kSizes) {
    const Values before(count);
    Values after = before;
    update_adam(after.piece(), {0.5F, 0.1F, 0.99F, 0.999F, 0.1F, 0.001F, 1.5F, 1e-3F, 0.01F, 0.2F});
    check_near(after, before, 0.2, [&](size_t i) -> Expected {
      const double g = 0.5 * before.gradient[i] + 0.1 * before.weight[i];
      const double m = before.mean[i] + 0.1 * (g - before.mean[i]), v = 0.999 * before.square[i] + 0.001 * g * g;
      return {0.99 * before.weight[i] - 0.01 * m / (1.5 * std::sqrt(v) + 1e-3), m, v};
    });
  }
}

TEST_CASE("the two passes of LAMB are its formula in double precision, with the squares of weights and update") {
  for (const int64_t count : kSizes) {
    const Values before(count);
    Values after = before;
    const LambRule rule{0.5F, 0.999F, 0.1F, 0.001F, 2.0F, 1.5F, 1e-3F, 0.1F, 0.2F};
    std::vector<float> update(static_cast<size_t>(count));
    const SquareSums sums = update_lamb_moments(after.piece(), rule, update.data());
    CHECK(after.weight == before.weight);
    apply_lamb(after.piece(), rule, update.data(), 0.01F);
    double weights = 0, updates = 0;
    check_near(after, before, 0.2, [&](size_t i) -> Expected {
      const double g = 0.5 * before.gradient[i];
      const double m = before.mean[i] + 0.1 * (g - before.mean[i]), v = 0.999 * before.square[i] + 0.001 * g * g;
      const double u = 2 * m / (1.5 * std::sqrt(v) + 1e-3) + 0.1 * before.weight[i];
      weights += static_cast<double>(before.weight[i]) * before.weight[i];
      updates += u * u;
      return {before.weight[i] - 0.01 * u, m, v};
    });
    CHECK(sums.weight == Approx(weights).epsilon(1e-5));
    CHECK(sums.other == Approx(updates).epsilon(1e-5));
  }
}

TEST_CASE("sums of squares are right for any size, also of large values") {
  for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{2048}, int64_t{10001}}) {
    const std::vector<float> values(static_cast<size_t>(count), 1e15F);
    CHECK(sum_of_squares(values.data(), count) == Approx(1e30 * static_cast<double>(count)).epsilon(1e-5));
  }
  Values values(100);
  const SquareSums both = squares_of_both(values.piece());
  CHECK(both.weight == sum_of_squares(values.weight.data(), 100));
  CHECK(both.other == sum_of_squares(values.gradient.data(), 100));
}

TEST_CASE("a value does not depend on where its piece begins") {
  const Values before(100);
  Values whole = before, parts = before;
  const AdamRule rule{0.5F, 0.1F, 0.99F, 0.999F, 0.1F, 0.001F, 1.5F, 1e-3F, 0.01F, 0.2F};
  update_adam(whole.piece(), rule);
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 33}, {33, 34}, {34, 100}}) {
    update_adam(parts.piece().part(begin, end), rule);
  }
  CHECK(whole.weight == parts.weight);
  CHECK(whole.square == parts.square);
  CHECK(whole.average == parts.average);
}
