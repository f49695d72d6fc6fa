#include "check.h"

#include <ATen/ATen.h>

#include "hpcai/core/error.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/optim/optimizer.h"

using namespace hpcai;
using namespace hpcai::optim;

namespace {

at::Tensor parameter(at::Tensor value, at::Tensor gradient) {
  value = value.clone().requires_grad_();
  value.mutable_grad() = std::move(gradient);
  return value;
}

// What one step takes away from a parameter.
at::Tensor step_of(const OptimizerConfig& config, const at::Tensor& value, const at::Tensor& gradient, double lr) {
  const at::Tensor w = parameter(value, gradient);
  make_optimizer(config, {{"w", w}})->step(lr);
  return (value - w).detach();
}

}  // namespace

TEST_CASE("the ratio is 1 where the weights or the gradients are zero") {
  const at::Tensor weight = at::full({2, 3}, 2.0F), zero = at::zeros({2, 3}), gradient = at::full({2, 3}, 0.5F);
  for (const LarsForm form : {LarsForm::you, LarsForm::mlperf}) {
    const LarsConfig config{.form = form, .max_ratio = 0.5, .weight_decay = 0.1};
    CHECK(at::allclose(step_of(config, zero, gradient, 0.1), at::full({2, 3}, 0.05F)));
    CHECK(at::allclose(step_of(config, weight, zero, 0.1), at::full({2, 3}, 0.02F)));  // the decay alone
  }
  const LambConfig config{.weight_decay = 0};
  CHECK(at::allclose(step_of(config, zero, gradient, 0.1), at::full({2, 3}, 0.1F), 1e-4));
  CHECK(at::equal(step_of(config, weight, zero, 0.1), zero));
}

TEST_CASE("bounds of LAMB replace norms of the weights outside them") {
  const at::Tensor gradient = at::full({2, 2}, 0.5F);  // the update has elements 1, norm 2
  auto step = [&](double weight, double low, double high) {
    const LambConfig config{.min_weight_norm = low, .max_weight_norm = high, .weight_decay = 0};
    return step_of(config, at::full({2, 2}, weight, at::kFloat), gradient, 0.1)[0][0].item<double>();
  };
  CHECK(step(2, 0, 0) == Approx(0.1 * 4 / 2));
  CHECK(step(2, 0, 3) == Approx(0.1 * 3 / 2));
  CHECK(step(2, 5, 0) == Approx(0.1 * 5 / 2));
  CHECK(step(2, 1, 9) == Approx(0.1 * 4 / 2));
  CHECK(step(0, 0.5, 0) == Approx(0.1 * 0.5 / 2));  // layers that start at zero move from the first step
  CHECK_THROWS_AS(make_optimizer(LambConfig{.min_weight_norm = 2, .max_weight_norm = 1}, {}), Error);
}

TEST_CASE("biases and batch-norm parameters get neither ratio nor decay unless asked for") {
  const at::Tensor bias = at::full({4}, 2.0F), gradient = at::full({4}, 0.5F);
  CHECK(at::allclose(step_of(LarsConfig{}, bias, gradient, 0.1), at::full({4}, 0.05F)));
  CHECK(at::allclose(step_of(LambConfig{}, bias, gradient, 0.1), at::full({4}, 0.1F), 1e-4));
  // |w| = 4, |g| = 1
  const LarsConfig adapted{
      .trust_coefficient = 0.01, .weight_decay = 0.5, .adapt_bias_and_norm = true, .decay_bias_and_norm = true};
  CHECK(at::allclose(step_of(adapted, bias, gradient, 0.1), at::full({4}, static_cast<float>(0.1 * 0.01 * 4 / 3 * 1.5))));
}

TEST_CASE("the rate follows the global batch as the rule says") {
  SgdConfig config{.lr = 0.1};
  CHECK(base_rate(config, 8192).value == 0.1);
  config.scaling = {RateRule::linear, 256};
  CHECK(base_rate(config, 8192).value == Approx(3.2));  // Goyal et al. 2017
  CHECK(base_rate(config, 8192).factor == 32);
  CHECK(base_rate(config, 64).value == Approx(0.025));
  config.scaling.rule = RateRule::square_root;
  CHECK(base_rate(config, 1024).value == Approx(0.2));
  CHECK(describe_rate(config, 1024) == "sgd with lr 0.2 (0.1 x 2, square root from batch 256)");
  CHECK(describe_rate(LambConfig{}, 1024) == "lamb with lr 0.001");
}

TEST_CASE("a momentum correction is refused where the rate is not in the momentum") {
  const LarsConfig config{.form = LarsForm::mlperf, .momentum_correction = true};
  CHECK_THROWS_AS(make_optimizer(config, {}), Error);
}

TEST_CASE("a rate of 0, as at the start of a warm-up, leaves no trace in a corrected momentum") {
  for (const OptimizerConfig& config :
       {OptimizerConfig(LarsConfig{.momentum_correction = true}), OptimizerConfig(SgdConfig{.momentum_correction = false})}) {
    const at::Tensor w = parameter(at::ones({2, 2}), at::ones({2, 2}));
    const auto optimizer = make_optimizer(config, {{"w", w}});
    for (const double lr : {0.0, 0.1, 0.0, 0.2}) optimizer->step(lr);
    CHECK(w.isfinite().all().item<bool>());
  }
}
