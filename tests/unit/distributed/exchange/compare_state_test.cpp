#include "check.h"

#include "hpcai/distributed/exchange/compare_state.h"

#include <cstdint>
#include <limits>
#include <set>

#include "hpcai/distributed/exchange/single_group.h"
#include "unit/metrics/thread_group.h"

using namespace hpcai;
using namespace hpcai::distributed;

namespace {

void flip_bit(const at::Tensor& tensor, int64_t bit) {
  static_cast<uint8_t*>(tensor.data_ptr())[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
}

NamedTensors state() {
  return {{"weight", at::linspace(-1, 1, 35).view({5, 7})}, {"norm", at::ones({3})}, {"step", at::full({}, 4, at::kLong)}};
}

// What each of `ranks` ranks learns, if those of `changed` have flipped one bit of tensor `tensor`.
std::vector<std::optional<StateDifference>> compare(int ranks, const std::set<int>& changed, size_t tensor) {
  return metrics::results_of_ranks(ranks, [&](Group& group) {
    const NamedTensors mine = state();
    if (changed.contains(group.rank())) flip_bit(mine[tensor].second, 3);
    return compare_state(group, mine);
  });
}

}  // namespace

TEST_CASE("each bit of a tensor changes the sum of its bits") {
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kByte}) {
    for (const int64_t size : {1, 2, 3, 8, 13}) {
      const at::Tensor tensor = at::arange(size, at::kLong).to(type);
      const int64_t sum = sum_of_bits(tensor).item<int64_t>();
      for (int64_t bit = 0; bit < 8 * static_cast<int64_t>(tensor.nbytes()); ++bit) {
        flip_bit(tensor, bit);
        CHECK(sum_of_bits(tensor).item<int64_t>() != sum);
        flip_bit(tensor, bit);
      }
      CHECK(sum_of_bits(tensor).item<int64_t>() == sum);
    }
  }
}

TEST_CASE("the sum of bits is that of the definition, also for views, gaps, zeros of both signs and NaN") {
  const at::Tensor base = at::linspace(-3, 5, 41);
  for (const at::Tensor& values :
       {base, base.narrow(0, 1, 40), base.narrow(0, 3, 7), at::zeros({0}), at::full({5}, std::nanf(""))}) {
    uint64_t expected = 0;
    const bool aligned = values.storage_offset() % 2 == 0;
    const int64_t whole = aligned ? values.numel() / 2 * 2 : 0;
    const auto* words = static_cast<const int32_t*>(values.data_ptr());
    for (int64_t i = 0; i < whole; i += 2)
      expected += static_cast<uint32_t>(words[i]) + (uint64_t{static_cast<uint32_t>(words[i + 1])} << 32);
    for (int64_t i = whole; i < values.numel(); ++i) expected += static_cast<uint64_t>(int64_t{words[i]});
    CHECK(static_cast<uint64_t>(sum_of_bits(values).item<int64_t>()) == expected);
  }
  CHECK(sum_of_bits(at::zeros({4})).item<int64_t>() != sum_of_bits(-at::zeros({4})).item<int64_t>());
  const at::Tensor gaps = at::arange(12.0F).view({4, 3}).select(1, 1);
  CHECK(sum_of_bits(gaps).item<int64_t>() == sum_of_bits(gaps.contiguous()).item<int64_t>());
}

TEST_CASE("equal states are equal, also of one rank alone") {
  for (const auto& learnt : compare(3, {}, 0)) CHECK_FALSE(learnt);
  for (const auto& learnt : compare(2, {0, 1}, 0)) CHECK_FALSE(learnt);
  CHECK_FALSE(compare_state(*make_single_group(), state()));
  for (const auto& learnt : metrics::results_of_ranks(2, [](Group& group) { return compare_state(group, {}); }))
    CHECK_FALSE(learnt);
}

TEST_CASE("all ranks learn which ranks differ from most, and in which tensor first") {
  for (const int culprit : {0, 1, 2}) {
    for (const auto& learnt : compare(3, {culprit}, 1)) {
      REQUIRE(learnt);
      CHECK(learnt->ranks == std::vector<int>{culprit});
      CHECK(learnt->source == (culprit == 0 ? 1 : 0));
      CHECK(learnt->tensor == "norm");
    }
  }
  for (const auto& learnt : compare(5, {1, 3}, 2)) {
    REQUIRE(learnt);
    CHECK(learnt->ranks == std::vector<int>{1, 3});
    CHECK(learnt->tensor == "step");
  }
}

TEST_CASE("without a majority all ranks are named") {
  for (const auto& learnt : compare(2, {1}, 0)) {
    REQUIRE(learnt);
    CHECK(learnt->ranks == std::vector<int>{0, 1});
    CHECK_FALSE(learnt->source);
    CHECK(learnt->tensor == "weight");
  }
  for (const auto& learnt : compare(4, {0, 2}, 0)) CHECK(learnt->ranks == std::vector<int>{0, 1, 2, 3});
}
