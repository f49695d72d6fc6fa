#include "hpcai/kernels/widened/widened.h"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

TEST_CASE("values become float32 and bfloat16 as LibTorch converts them, on each instruction set and in several pieces") {
  at::manual_seed(2);
  // an odd number of values, and images in channels-last memory
  for (const at::Tensor& values : {at::randn({300'007}), at::randn({2, 3, 5, 7}).contiguous(at::MemoryFormat::ChannelsLast)}) {
    for_each_instruction_set([&] {
      const at::Tensor narrow = rounded(values, at::kBFloat16), wide = widened(narrow);
      CHECK(narrow.equal(values.to(at::kBFloat16)));
      CHECK(wide.equal(values.to(at::kBFloat16).to(at::kFloat)));
      CHECK(wide.strides() == values.strides());
    });
  }
}

TEST_CASE("values that are not finite stay so, and of two equally near values the even one is taken") {
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor values = at::tensor({infinity, -infinity, 3.4e38F, 1 + 1.F / 256, 1 + 3.F / 256, -0.F, std::nanf("")});
  const at::Tensor narrow = rounded(values, at::kBFloat16);
  CHECK(narrow.slice(0, 0, 6).equal(values.slice(0, 0, 6).to(at::kBFloat16)));
  CHECK(std::isnan(widened(narrow)[6].item<float>()));
}

TEST_CASE("float32 values are widened and rounded to themselves") {
  const at::Tensor values = at::randn({4});
  CHECK(widened(values).is_same(values));
  CHECK(rounded(values, at::kFloat).is_same(values));
}

}  // namespace
}  // namespace hpcai::kernels
