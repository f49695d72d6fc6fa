#include "hpcai/kernels/gated_activation/gated_activation.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "test_device.h"

namespace hpcai::kernels {
namespace {

struct Result {
  at::Tensor output, gradient;
};

Result run(at::Tensor (*function)(const at::Tensor&), const at::Tensor& merged, const at::Tensor& grad) {
  const at::Tensor input = merged.detach().clone().to(test_device()).requires_grad_();
  const at::Tensor output = function(input);
  output.backward(grad.to(test_device()));
  return {output.detach().cpu(), input.grad().cpu()};
}

// Against the reference in float64, on values from tiny to saturated.
void compare(at::IntArrayRef shape, at::ScalarType type, double tolerance) {
  auto halved = shape.vec();
  halved.back() /= 2;
  const at::Tensor merged = (at::randn(shape, at::kDouble) * at::logspace(-4, 1.5, shape.back(), 10, at::kDouble)).to(type);
  const at::Tensor grad = at::randn(halved, at::kDouble).to(type);
  const Result found = run(gated_activation, merged, grad);
  const Result expected = run(gated_activation_reference, merged.to(at::kDouble), grad.to(at::kDouble));
  INFO(c10::str(shape, " ", type));
  CHECK(found.output.scalar_type() == type);
  CHECK((found.output - expected.output).abs().max().item<double>() < tolerance);
  CHECK((found.gradient - expected.gradient).abs().max().item<double>() < 4 * tolerance);
}

}  // namespace

TEST_CASE("the fused gated activation and its gradient are those of the reference in float64", "[gpu]") {
  at::manual_seed(1);
  for (const auto& shape : std::vector<std::vector<int64_t>>{{3, 2}, {7, 22}, {5, 64}, {2, 3001, 64}, {1, 130}}) {
    compare(shape, at::kFloat, 1e-6);
    compare(shape, at::kBFloat16, 5e-3);
    compare(shape, at::kDouble, 1e-15);
    if (test_device().is_cuda()) compare(shape, at::kHalf, 1e-3);
  }
}

TEST_CASE("the gated activation takes inputs that are not contiguous, and empty ones", "[gpu]") {
  const at::Tensor merged = at::randn({8, 10}, test_device());
  CHECK(at::allclose(gated_activation(merged.t()), gated_activation_reference(merged.t()), 1e-5, 1e-6));
  CHECK(gated_activation(at::empty({0, 8}, test_device())).sizes() == at::IntArrayRef({0, 4}));
}

TEST_CASE("the gated activation's gradient is the slope of the function, in float64", "[gpu]") {
  at::manual_seed(2);
  const at::Tensor merged = at::randn({3, 6}, at::kDouble), grad = at::randn({3, 3}, at::kDouble);
  const Result result = run(gated_activation, merged, grad);
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < merged.numel(); ++i) {
    at::Tensor high = merged.clone(), low = merged.clone();
    high.view({-1})[i] += kStep;
    low.view({-1})[i] -= kStep;
    const double slope = ((gated_activation(high) - gated_activation(low)) * grad).sum().item<double>() / (2 * kStep);
    CHECK(result.gradient.view({-1})[i].item<double>() == Approx(slope).margin(1e-8));
  }
}

TEST_CASE("gates that are no numbers stay so", "[gpu]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    at::Tensor merged = at::zeros({40, 64}, at::device(test_device()).dtype(type));
    merged.select(0, 7).narrow(0, 3, 30).fill_(nan);
    const at::Tensor output = gated_activation(merged);
    CHECK(output[7].isnan().sum().item<int64_t>() == 30);
    CHECK(output.isnan().sum().item<int64_t>() == 30);
  }
}

TEST_CASE("saturated gates give exact limits and no gradient", "[gpu]") {
  const at::Tensor merged = torch::tensor({{50.0f, 50.0f}, {-50.0f, 50.0f}, {50.0f, -50.0f}});
  const Result result = run(gated_activation, merged, at::ones({3, 1}));
  CHECK(at::allclose(result.output, torch::tensor({{1.0f}, {-1.0f}, {0.0f}}), 0, 1e-6));
  CHECK(result.gradient.abs().max().item<float>() < 1e-6f);
}

}  // namespace hpcai::kernels
