#include "hpcai/kernels/patch_convolution/patch_convolution.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <tuple>

namespace hpcai::kernels {
namespace {

double largest_error(const at::Tensor& value, const at::Tensor& expected) {
  REQUIRE(value.sizes() == expected.sizes());
  return ((value.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

}  // namespace

TEST_CASE("a convolution whose weight's gradient comes from patches equals the plain one in float64") {
  at::manual_seed(7);
  // odd sizes, another kernel and stride, one pixel, and enough values for several pieces
  const auto [batch, channels, height, width, kernel, stride, padding] =
      GENERATE(std::tuple(2, 8, 9, 12, 3, 2, 1), std::tuple(1, 5, 11, 7, 3, 2, 0), std::tuple(2, 4, 13, 13, 5, 3, 2),
               std::tuple(3, 2, 1, 1, 3, 2, 1), std::tuple(3, 64, 160, 160, 3, 2, 1));
  CAPTURE(batch, channels, height, width, kernel, stride, padding);
  const at::Tensor input = at::randn({batch, channels, height, width}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::randn({6, channels, kernel, kernel});
  REQUIRE(patch_convolution_supports(input, weight));
  const auto with_grad = [](const at::Tensor& tensor, at::ScalarType type) {
    return tensor.to(type, false, /*copy=*/true).requires_grad_();
  };
  const at::Tensor x = with_grad(input, at::kFloat), w = with_grad(weight, at::kFloat);
  const at::Tensor exact_x = with_grad(input, at::kDouble), exact_w = with_grad(weight, at::kDouble);
  const at::Tensor output = patch_convolution(x, w, stride, padding), exact = at::conv2d(exact_x, exact_w, {}, stride, padding);
  const at::Tensor grad = at::randn(exact.sizes(), at::kDouble);
  output.backward(grad.to(at::kFloat));
  exact.backward(grad);
  CHECK(largest_error(output.detach(), exact.detach()) < 1e-5);
  CHECK(largest_error(x.grad(), exact_x.grad()) < 1e-5);
  CHECK(largest_error(w.grad(), exact_w.grad()) < 1e-5);
}

TEST_CASE("a convolution with patches refuses what it cannot compute") {
  const at::Tensor input = at::randn({1, 4, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast), weight = at::randn({4, 4, 3, 3});
  CHECK_FALSE(patch_convolution_supports(input.contiguous(), weight));
  CHECK_FALSE(patch_convolution_supports(input.to(at::kDouble), weight));
  CHECK_FALSE(patch_convolution_supports(input, at::randn({4, 4, 3, 1})));
  CHECK_THROWS_AS(patch_convolution(input.contiguous(), weight, 2, 1), c10::Error);
}

}  // namespace hpcai::kernels
