#include "hpcai/kernels/tile_convolution/tile_convolution.h"

#include <catch2/catch.hpp>
#include <tuple>

#include "hpcai/kernels/tile_products/cpu/tile_products.h"
#include "unit/kernels/convolution_check.h"

namespace hpcai::kernels {
namespace {

struct Shape {
  int64_t batch, in, out, height, width, kernel, stride, padding;
};

at::Tensor held(const at::Tensor& values) { return values.to(at::kBFloat16).to(at::kFloat); }

// The weight, too, holds what bfloat16 can.
ConvolutionProblem random_problem(const Shape& shape) {
  at::manual_seed(7);
  const auto length = [&](int64_t of_input) { return (of_input + 2 * shape.padding - shape.kernel) / shape.stride + 1; };
  const at::Tensor input = at::randn({shape.batch, shape.in, shape.height, shape.width});
  return as_stored({.input = input.contiguous(at::MemoryFormat::ChannelsLast),
                    .weight = held(at::randn({shape.out, shape.in, shape.kernel, shape.kernel})),
                    .grad = at::randn({shape.batch, shape.out, length(shape.height), length(shape.width)})});
}

auto convolution_of(const Shape& shape) {
  return [=](const at::Tensor& input, const at::Tensor& weight) {
    if (input.scalar_type() != at::kBFloat16) return tile_convolution_reference(input, weight, shape.stride, shape.padding);
    REQUIRE(tile_convolution_supports(input, weight, shape.stride, shape.padding));
    return tile_convolution(input, weight, shape.stride, shape.padding);
  };
}

TEST_CASE("a convolution in tiles and its gradients equal those in float64, but for one rounding of images") {
  // few pixels and one; channels that fill no tile, no block or several; more rows and steps than are multiplied at once
  const Shape one =
      GENERATE(Shape{2, 32, 64, 7, 7, 3, 1, 1}, Shape{1, 48, 32, 1, 1, 3, 1, 1}, Shape{3, 64, 96, 5, 9, 3, 1, 0},
               Shape{1, 96, 48, 3, 3, 3, 1, 0}, Shape{1, 24, 40, 30, 41, 3, 1, 1}, Shape{5, 256, 72, 7, 6, 3, 1, 1},
               Shape{2, 8, 8, 4, 3, 3, 1, 1}, Shape{1, 512, 32, 4, 4, 3, 1, 1}, Shape{1, 32, 32, 150, 20, 3, 1, 1},
               Shape{2, 32, 64, 8, 8, 3, 2, 1}, Shape{3, 48, 24, 7, 9, 3, 2, 1}, Shape{1, 32, 32, 9, 8, 3, 2, 0},
               Shape{1, 40, 56, 1, 1, 3, 2, 1}, Shape{2, 32, 40, 61, 53, 3, 2, 1}, Shape{2, 16, 24, 11, 10, 5, 2, 2},
               Shape{2, 32, 64, 7, 7, 1, 1, 0}, Shape{1, 64, 32, 1, 1, 1, 1, 0}, Shape{1, 728, 56, 6, 5, 1, 1, 0},
               Shape{4, 1024, 40, 7, 7, 1, 1, 0}, Shape{2, 64, 96, 37, 31, 1, 1, 0}, Shape{2, 40, 24, 7, 8, 1, 2, 0});
  CAPTURE(one.batch, one.in, one.out, one.height, one.width, one.kernel, one.stride, one.padding);
  const ConvolutionProblem problem = random_problem(one);
  const ConvolutionResult value = run(problem, at::kBFloat16, convolution_of(one));
  CHECK(value.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  check_stored(value, run(problem, at::kDouble, convolution_of(one)), 4e-6);
}

TEST_CASE("a convolution in tiles rounds its weight to bfloat16") {
  const Shape shape{2, 32, 48, 6, 5, 3, 1, 1};
  const ConvolutionProblem problem = random_problem(shape);
  ConvolutionProblem finer = problem;
  finer.weight = problem.weight * (1 + 1.0 / 1024);
  check_equal(run(finer, at::kBFloat16, convolution_of(shape)), run(problem, at::kBFloat16, convolution_of(shape)));
}

TEST_CASE("a convolution in tiles does not depend on the number of threads") {
  const Shape shape = GENERATE(Shape{2, 96, 64, 31, 30, 3, 1, 1}, Shape{3, 64, 72, 15, 16, 3, 2, 1},
                               Shape{3, 128, 64, 19, 21, 1, 1, 0}, Shape{2, 64, 160, 4, 4, 3, 1, 0});
  const ConvolutionProblem problem = random_problem(shape);
  const ConvolutionResult one = run_on_threads(1, problem, convolution_of(shape), at::kBFloat16);
  for (const int threads : {2, 3}) check_equal(run_on_threads(threads, problem, convolution_of(shape), at::kBFloat16), one);
}

TEST_CASE("a convolution in tiles refuses what it cannot compute") {
  const at::Tensor input = at::randn({1, 32, 8, 8}).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::randn({32, 32, 3, 3});
  CHECK(tile_convolution_supports(input, weight, 1, 1));
  CHECK_FALSE(tile_convolution_supports(input.contiguous(), weight, 1, 1));
  CHECK_FALSE(tile_convolution_supports(input.to(at::kFloat), weight, 1, 1));
  CHECK_FALSE(tile_convolution_supports(input, weight, 3, 1));
  CHECK_FALSE(tile_convolution_supports(input, weight, 1, 2));
  CHECK_FALSE(tile_convolution_supports(input, at::randn({32, 16, 3, 3}), 1, 1));
  CHECK_FALSE(tile_convolution_supports(input, at::randn({12, 32, 3, 3}), 1, 1));
  CHECK(tile_convolution_pays(input, weight, 1, 1) == has_tiles());
  CHECK_FALSE(tile_convolution_pays(input, at::randn({16, 32, 3, 3}), 1, 1));
  CHECK_THROWS_AS(tile_convolution(input.contiguous(), weight, 1, 1), c10::Error);
}

}  // namespace
}  // namespace hpcai::kernels
