#include "check.h"

#include "hpcai/checkpoint/finite.h"

#include <ATen/ATen.h>

#include <limits>

using namespace hpcai;
using checkpoint::first_not_finite;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

NamedTensors three_of(at::ScalarType type) {
  return {{"a", at::ones({3, 5}, type)},
          {"b", at::ones({2, 3, 4, 4}, type).contiguous(at::MemoryFormat::ChannelsLast)},
          {"c", at::ones({}, type)}};
}

}  // namespace

TEST_CASE("the first tensor with a value that is not finite is found, wherever the value stands") {
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    CHECK_FALSE(first_not_finite(three_of(type)));
    for (const float value : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
      NamedTensors tensors = three_of(type);
      tensors[2].second.fill_(value);
      CHECK(first_not_finite(tensors) == "c");
      tensors[1].second[1][2][3][1] = value;
      CHECK(first_not_finite(tensors) == "b");
    }
  }
}

TEST_CASE("infinities of both signs do not cancel out") {
  CHECK(first_not_finite({{"x", at::tensor({1.0F, kInfinity, -kInfinity})}}) == "x");
}

TEST_CASE("of several lists the first tensor that is not finite is found") {
  NamedTensors empty, first = three_of(at::kFloat), second = {{"d", at::ones({3}, at::kDouble)}, {"n", at::ones({}, at::kLong)}};
  using checkpoint::first_not_finite_of;
  CHECK_FALSE(first_not_finite_of({}));
  CHECK_FALSE(first_not_finite_of({&empty, &first, &second}));
  second[0].second[1] = kInfinity;
  CHECK(first_not_finite_of({&empty, &first, &second}) == "d");
  first[2].second.fill_(kInfinity);
  CHECK(first_not_finite_of({&empty, &first, &second}) == "c");
  CHECK(first_not_finite_of({&second, &first}) == "d");
}

TEST_CASE("huge numbers, integers and empty tensors are finite") {
  const float huge = std::numeric_limits<float>::max();
  CHECK_FALSE(first_not_finite({{"x", at::full({100}, huge)},
                                {"n", at::full({3}, std::numeric_limits<int64_t>::max(), at::kLong)},
                                {"none", at::zeros({0, 3})},
                                {"flag", at::ones({2}, at::kBool)}}));
  CHECK_FALSE(first_not_finite({}));
  CHECK_FALSE(first_not_finite({{"n", at::ones({2}, at::kLong)}}));
}
