#include "hpcai/kernels/time_taps/time_taps.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "test_device.h"

namespace hpcai::kernels {
namespace {

struct Result {
  at::Tensor output, gradient;
};

Result run(at::Tensor (*function)(const at::Tensor&, int64_t), const at::Tensor& values, const at::Tensor& grad,
           int64_t dilation) {
  const at::Tensor input = values.detach().clone().requires_grad_();
  const at::Tensor output = function(input, dilation);
  output.backward(grad);
  return {output.detach(), input.grad()};
}

}  // namespace

TEST_CASE("the two taps of a dilated convolution and their gradient are those of padding, cutting and joining", "[gpu]") {
  at::manual_seed(1);
  const auto options = at::device(test_device());
  for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    for (const auto& shape : std::vector<std::vector<int64_t>>{{2, 50, 16}, {3, 17, 5}, {1, 1, 8}, {2, 9, 1}}) {
      for (const int64_t dilation : {1, 2, 7, 64}) {
        INFO(c10::str(type, " ", at::IntArrayRef(shape), " dilation ", dilation));
        const at::Tensor input = at::randn(shape, options).to(type);
        const at::Tensor grad = at::randn({shape[0], shape[1], 2 * shape[2]}, options).to(type);
        const Result found = run(time_taps, input, grad, dilation), expected = run(time_taps_reference, input, grad, dilation);
        CHECK(found.output.equal(expected.output));
        CHECK(found.gradient.equal(expected.gradient));
      }
    }
  }
}

TEST_CASE("the taps of a series are at t - left and t - left + dilation, zero outside", "[gpu]") {
  const at::Tensor input = at::arange(1, 6, at::kFloat).view({1, 5, 1}).to(test_device());
  const at::Tensor both = time_taps(input, 3).cpu().view({5, 2});
  CHECK(both.equal(torch::tensor({{0.0f, 3.0f}, {1.0f, 4.0f}, {2.0f, 5.0f}, {3.0f, 0.0f}, {4.0f, 0.0f}})));
}

}  // namespace hpcai::kernels
