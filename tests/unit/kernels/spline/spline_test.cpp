#include "hpcai/kernels/spline/spline.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "test_device.h"

namespace hpcai::kernels {
namespace {

constexpr double kBound = 3;

using Function = SplineOutput (*)(const at::Tensor&, const at::Tensor&, double, bool);

struct Result {
  at::Tensor value, log_slope, of_x, of_parameters;
};

// The outputs, and the gradients of sum(grad_value value + grad_log_slope log_slope).
Result run(Function function, const at::Tensor& x, const at::Tensor& parameters, bool inverse, const at::Tensor& grad_value,
           const at::Tensor& grad_log_slope) {
  const at::Tensor leaf_x = x.detach().clone().to(test_device()).requires_grad_();
  const at::Tensor leaf_parameters = parameters.detach().clone().to(test_device()).requires_grad_();
  const SplineOutput output = function(leaf_x, leaf_parameters, kBound, inverse);
  (output.value * grad_value.to(test_device()) + output.log_slope * grad_log_slope.to(test_device())).sum().backward();
  return {output.value.detach().cpu(), output.log_slope.detach().cpu(), leaf_x.grad().cpu(), leaf_parameters.grad().cpu()};
}

double largest(const at::Tensor& tensor) { return tensor.abs().max().item<double>(); }

// x beyond both ends, exactly at them, and everywhere between.
at::Tensor places(int64_t rows, int64_t dimensions, at::ScalarType type) {
  at::Tensor x = at::rand({rows, dimensions}, at::kDouble) * (2.4 * kBound) - 1.2 * kBound;
  x.view({-1})[0] = kBound;
  x.view({-1})[1] = -kBound;
  return x.to(type);
}

// Whether the errors of the fused spline are about those of the reference in the same type: both round, and where a spline is
// steep or has narrow bins, that matters.
void check_errors(const at::Tensor& found, const at::Tensor& same_type, const at::Tensor& exact) {
  const at::Tensor errors = (found - exact).abs(), usual = (same_type - exact).abs();
  CHECK(errors.mean().item<double>() <= 3 * usual.mean().item<double>() + 1e-7);
  CHECK(largest(errors) <= 4 * largest(usual) + 1e-5);
}

}  // namespace

TEST_CASE("the fused spline and its gradients are those of the reference in float64", "[gpu]") {
  at::manual_seed(1);
  for (const int64_t bins : {2, 5, 8, 24}) {
    for (const int64_t rows : {3, 37, 2100}) {
      INFO(bins << " bins, " << rows << " rows");
      const at::Tensor x = places(rows, 3, at::kFloat), parameters = at::randn({rows, 3, 3 * bins - 1});
      const at::Tensor a = at::randn({rows, 3}), b = at::randn({rows, 3});
      const Result found = run(spline, x, parameters, false, a, b), same_type = run(spline_reference, x, parameters, false, a, b);
      const Result exact = run(spline_reference, x.to(at::kDouble), parameters.to(at::kDouble), false, a, b);
      CHECK(found.value.scalar_type() == at::kFloat);
      CHECK((found.value - exact.value).abs().median().item<double>() < 1e-6);
      check_errors(found.value, same_type.value, exact.value);
      check_errors(found.log_slope, same_type.log_slope, exact.log_slope);
      // The slope has another gradient in the next bin, and rounding decides about x close to a knot.
      const at::Tensor sure =
          (same_type.of_x - exact.of_x).abs() + (found.of_x - exact.of_x).abs() < 1e-2 * (1 + exact.of_x.abs());
      CHECK(sure.to(at::kDouble).mean().item<double>() > 0.98);
      const at::Tensor kept = sure.to(at::kDouble);
      check_errors(found.of_x * kept, same_type.of_x * kept, exact.of_x * kept);
      const at::Tensor of_all = kept.unsqueeze(2);
      check_errors(found.of_parameters * of_all, same_type.of_parameters * of_all, exact.of_parameters * of_all);
    }
  }
}

TEST_CASE("the fused inverse is that of the reference in float64", "[gpu]") {
  at::manual_seed(2);
  const at::NoGradGuard no_grad;
  for (const int64_t bins : {2, 8, 30}) {
    const at::Tensor y = places(1001, 2, at::kFloat), parameters = at::randn({1001, 2, 3 * bins - 1});
    const SplineOutput found = spline(y.to(test_device()), parameters.to(test_device()), kBound, true);
    const SplineOutput same_type = spline_reference(y, parameters, kBound, true);
    const SplineOutput exact = spline_reference(y.to(at::kDouble), parameters.to(at::kDouble), kBound, true);
    CHECK((found.value.cpu() - exact.value).abs().median().item<double>() < 1e-6);
    check_errors(found.value.cpu(), same_type.value, exact.value);
    check_errors(found.log_slope.cpu(), same_type.log_slope, exact.log_slope);
  }
}

TEST_CASE("parameters 0 make the spline the identity", "[gpu]") {
  const at::Tensor x = places(100, 2, at::kFloat).to(test_device());
  for (const bool inverse : {false, true}) {
    const SplineOutput output = spline(x, at::zeros({100, 2, 23}, test_device()), kBound, inverse);
    CHECK(largest(output.value - x) < 1e-6);
    CHECK(largest(output.log_slope) < 1e-5);
  }
}

TEST_CASE("the spline's gradients and slope are those of the function, both ways, in float64", "[gpu]") {
  at::manual_seed(3);
  constexpr double kStep = 1e-6;
  for (const bool inverse : {false, true}) {
    const at::Tensor x = at::rand({4, 2}, at::kDouble) * 5 - 2.5, parameters = at::randn({4, 2, 11}, at::kDouble);
    const at::Tensor a = at::randn({4, 2}, at::kDouble), b = at::randn({4, 2}, at::kDouble);
    const Result result = run(spline, x, parameters, inverse, a, b);
    const auto total = [&](const at::Tensor& at_x, const at::Tensor& with) {
      const SplineOutput output = spline(at_x, with, kBound, inverse);
      return (output.value * a + output.log_slope * b).sum().item<double>();
    };
    for (int64_t i = 0; i < parameters.numel(); ++i) {
      at::Tensor high = parameters.clone(), low = parameters.clone();
      high.view({-1})[i] += kStep;
      low.view({-1})[i] -= kStep;
      const double slope = (total(x, high) - total(x, low)) / (2 * kStep);
      CHECK(result.of_parameters.view({-1})[i].item<double>() == Approx(slope).epsilon(1e-6).margin(1e-7));
    }
    for (int64_t i = 0; i < x.numel(); ++i) {
      at::Tensor high = x.clone(), low = x.clone();
      high.view({-1})[i] += kStep;
      low.view({-1})[i] -= kStep;
      CHECK(result.of_x.view({-1})[i].item<double>() ==
            Approx((total(high, parameters) - total(low, parameters)) / (2 * kStep)).epsilon(1e-6).margin(1e-7));
    }
    const at::Tensor rise =
        spline(x + kStep, parameters, kBound, inverse).value - spline(x - kStep, parameters, kBound, inverse).value;
    CHECK(at::allclose((rise / (2 * kStep)).log(), result.log_slope, 1e-6, 1e-6));
  }
}

TEST_CASE("the inverse undoes the spline in float32, at large parameters, at the ends and beyond", "[gpu]") {
  at::manual_seed(4);
  const at::NoGradGuard no_grad;
  for (const double scale : {0.1, 1.0, 3.0, 10.0}) {
    const at::Tensor x = places(5000, 2, at::kFloat).to(test_device());
    const at::Tensor parameters = (at::randn({5000, 2, 23}) * scale).to(test_device());
    const SplineOutput there = spline(x, parameters, kBound, false);
    const SplineOutput back = spline(there.value, parameters, kBound, true);
    // Where the spline is flat, the rounding of its value is a larger step of x.
    const at::Tensor error = (back.value - x).abs() * there.log_slope.exp().clamp_max(1);
    INFO("scale " << scale);
    CHECK(largest(error) < 1e-5);
    CHECK((there.value.abs() <= kBound).eq(x.abs() <= kBound).all().item<bool>());
    const at::Tensor outside = x.abs() >= kBound;
    CHECK(at::equal(there.value.masked_select(outside), x.masked_select(outside)));
    CHECK(largest(there.log_slope.masked_select(outside)) == 0);
  }
}

TEST_CASE("a spline rises everywhere", "[gpu]") {
  at::manual_seed(5);
  const at::Tensor x = at::linspace(-kBound, kBound, 20001, at::kDouble).unsqueeze(1);
  for (int trial = 0; trial < 10; ++trial) {
    const at::Tensor parameters = (at::randn({1, 1, 23}, at::kDouble) * 5).expand({20001, 1, 23});
    CHECK(spline(x, parameters, kBound, false).value.diff(1, 0).min().item<double>() > 0);
  }
}

TEST_CASE("numbers that are none stay so in a spline", "[gpu]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  at::Tensor x = at::zeros({40, 1}, test_device()), parameters = at::zeros({40, 1, 8}, test_device());
  x[3][0] = nan;
  parameters[7][0][1] = nan;
  parameters[11][0][4] = nan;
  for (const bool inverse : {false, true}) {
    const at::Tensor value = spline(x, parameters, kBound, inverse).value;
    for (const int64_t row : {3, 7, 11}) CHECK(value[row].isnan().all().item<bool>());
    CHECK(value.isnan().sum().item<int64_t>() == 3);
  }
}

TEST_CASE("the spline refuses shapes that do not fit, and takes empty ones", "[gpu]") {
  CHECK_THROWS_AS(spline(at::zeros({4, 2}), at::zeros({4, 2, 9}), kBound, false), c10::Error);
  CHECK_THROWS_AS(spline(at::zeros({4, 2}), at::zeros({4, 3, 8}), kBound, false), c10::Error);
  CHECK(spline(at::zeros({0, 2}), at::zeros({0, 2, 8}), kBound, false).value.sizes() == at::IntArrayRef({0, 2}));
}

}  // namespace hpcai::kernels
