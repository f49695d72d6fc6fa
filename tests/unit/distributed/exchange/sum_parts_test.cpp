#include "check.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "hpcai/distributed/exchange/sum_parts.h"
#include "pairwise_sum.h"

namespace hpcai::distributed {
namespace {

std::vector<std::byte*> addresses(const std::vector<at::Tensor>& tensors) {
  std::vector<std::byte*> all;
  for (const at::Tensor& tensor : tensors) all.push_back(static_cast<std::byte*>(tensor.data_ptr()));
  return all;
}

}  // namespace

TEST_CASE("parts are added in pairs of neighbours and nothing beside the range is touched") {
  const auto type = GENERATE(at::kFloat, at::kDouble);
  const int64_t count = GENERATE(1, 7, 4096, 10'001);
  const int parts = GENERATE(1, 2, 3, 4, 7, 8, 13);
  const int divisor = GENERATE(1, 3, 4);
  at::manual_seed(count + parts);
  std::vector<at::Tensor> values;
  for (int i = 0; i < parts; ++i) values.push_back(at::randn({count + 5}, type));
  const at::Tensor expected = pairwise_sum(values);
  const at::Tensor last = values.back().clone();
  sum_parts(type, addresses(values), addresses(values), 2, count, divisor);
  for (const at::Tensor& value : values) CHECK(at::equal(value.narrow(0, 2, count), expected.narrow(0, 2, count) / divisor));
  CHECK(at::equal(values.back().narrow(0, 0, 2), last.narrow(0, 0, 2)));
  CHECK(at::equal(values.back().narrow(0, count + 2, 3), last.narrow(0, count + 2, 3)));
}

TEST_CASE("a sum of narrow values is that of float32, rounded once to the nearest, ties to even") {
  const auto type = GENERATE(at::kBFloat16, at::kHalf);
  const int parts = GENERATE(2, 5);
  at::manual_seed(parts);
  std::vector<at::Tensor> values, wide;
  for (int i = 0; i < parts; ++i) {
    values.push_back((at::randn({20'000}) * 3).to(type));
    wide.push_back(values.back().to(at::kFloat));
  }
  const at::Tensor expected = pairwise_sum(wide);
  const std::vector<at::Tensor> target{at::zeros({20'000}, type)};
  sum_parts(type, addresses(values), addresses(target), 0, 20'000, 1);
  CHECK(at::equal(target[0], expected.to(type)));  // LibTorch rounds in the same way
}

TEST_CASE("bfloat16 keeps what is not finite, and overflows to infinity") {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor a = at::tensor({infinity, infinity, nan, 3.3e38F, -infinity}).to(at::kBFloat16);
  const at::Tensor b = at::tensor({1.F, -infinity, 1.F, 3.3e38F, 1.F}).to(at::kBFloat16);
  sum_parts(at::kBFloat16, addresses({a, b}), addresses({a}), 0, 5, 1);
  const at::Tensor sum = a.to(at::kFloat);
  CHECK(sum[0].item<float>() == infinity);
  CHECK(std::isnan(sum[1].item<float>()));
  CHECK(std::isnan(sum[2].item<float>()));
  CHECK(sum[3].item<float>() == infinity);
  CHECK(sum[4].item<float>() == -infinity);
}

TEST_CASE("whole numbers are left to others") {
  CHECK_FALSE(can_sum_parts(at::kLong));
  CHECK_FALSE(can_sum_parts(at::kBool));
  CHECK_THROWS_AS(sum_parts(at::kLong, {}, {}, 0, 1, 1), std::invalid_argument);
}

}  // namespace hpcai::distributed
