#include "hpcai/kernels/patch_convolution/patch_convolution.h"

#include <catch2/catch.hpp>
#include <tuple>

#include "unit/kernels/convolution_check.h"

namespace hpcai::kernels {
namespace {

// In float32, and with bfloat16 images.
TEST_CASE("a convolution whose weight's gradient comes from patches equals the plain one in float64") {
  at::manual_seed(7);
  // odd sizes, another kernel and stride, one pixel, and enough values for several pieces
  const auto [batch, channels, height, width, kernel, stride, padding] =
      GENERATE(std::tuple(2, 8, 9, 12, 3, 2, 1), std::tuple(1, 5, 11, 7, 3, 2, 0), std::tuple(2, 4, 13, 13, 5, 3, 2),
               std::tuple(3, 2, 1, 1, 3, 2, 1), std::tuple(3, 64, 160, 160, 3, 2, 1));
  CAPTURE(batch, channels, height, width, kernel, stride, padding);
  ConvolutionProblem problem{.input = at::randn({batch, channels, height, width}).contiguous(at::MemoryFormat::ChannelsLast),
                             .weight = at::randn({6, channels, kernel, kernel}),
                             .grad = {}};
  REQUIRE(patch_convolution_supports(problem.input, problem.weight));
  const auto plain = [stride = stride, padding = padding](const at::Tensor& input, const at::Tensor& weight) {
    return at::conv2d(input, weight, {}, stride, padding);
  };
  const auto patches = [stride = stride, padding = padding](const at::Tensor& input, const at::Tensor& weight) {
    return patch_convolution(input, weight, stride, padding);
  };
  problem.grad = at::randn(plain(problem.input, problem.weight).sizes(), at::kDouble);
  check_close(run(problem, at::kFloat, patches), run(problem, at::kDouble, plain), 1e-5);
  problem = as_stored(problem);
  check_stored(run_on_threads(GENERATE(1, 3), problem, patches, at::kBFloat16), run(problem, at::kDouble, plain), 1e-5);
}

TEST_CASE("a convolution with patches refuses what it cannot compute") {
  const at::Tensor input = at::randn({1, 4, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast), weight = at::randn({4, 4, 3, 3});
  CHECK_FALSE(patch_convolution_supports(input.contiguous(), weight));
  CHECK_FALSE(patch_convolution_supports(input.to(at::kDouble), weight));
  CHECK_FALSE(patch_convolution_supports(input, at::randn({4, 4, 3, 1})));
  CHECK_THROWS_AS(patch_convolution(input.contiguous(), weight, 2, 1), c10::Error);
}

}  // namespace
}  // namespace hpcai::kernels
