#include "hpcai/kernels/batch_norm/folded_norm.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

void check_close(const at::Tensor& found, const at::Tensor& expected, const char* name) {
  INFO(name);
  CHECK(at::allclose(found.detach(), expected.detach(), 1e-9, 1e-9));
}

NormTensors random_norm(int64_t channels) {
  return {.gamma = at::rand({channels}, at::kDouble) + 0.5,
          .beta = at::randn({channels}, at::kDouble),
          .running_mean = at::randn({channels}, at::kDouble),
          .running_var = at::rand({channels}, at::kDouble) + 0.5};
}

// The folded map and its gradient against the reference of batch norm behind a linear map, and autograd.
void compare(NormSource source, const Sum& sum) {
  constexpr int64_t kRows = 50, kInputs = 4, kChannels = 3;
  const at::Tensor u = (at::randn({kRows, kInputs}, at::kDouble) + 1).requires_grad_();
  const at::Tensor weight = at::randn({kChannels, kInputs}, at::kDouble).requires_grad_();
  const at::Tensor bias = at::randn({kChannels}, at::kDouble).requires_grad_();
  const at::Tensor grad = at::randn({kRows, kChannels}, at::kDouble);
  const NormTensors plain = random_norm(kChannels);
  plain.gamma.requires_grad_();
  plain.beta.requires_grad_();
  NormTensors mine = plain;
  mine.running_mean = plain.running_mean.clone();
  mine.running_var = plain.running_var.clone();

  const at::Tensor expected =
      batch_norm_reference(at::linear(u, weight, bias), plain, {.norm = source, .eps = kEps, .momentum = kMomentum, .sum = sum});
  expected.backward(grad);

  const at::Tensor rows = u.detach();
  const InputMoments moments =
      source == NormSource::batch ? input_moments(kRows, rows.sum(0), rows.t().mm(rows), sum) : InputMoments{};
  const FoldedLinear folded = fold(source, mine, weight, bias, moments, kEps, kMomentum);
  const FoldedGradient gradient = fold_gradient(source, folded, mine, bias, moments, grad.t().mm(rows), grad.sum(0), sum);
  at::Tensor d_u = grad.mm(folded.weight);
  if (gradient.statistics.defined()) d_u += rows.mm(gradient.statistics) + gradient.offset;

  check_close(at::linear(rows, folded.weight, folded.bias), expected, "output");
  check_close(d_u, u.grad(), "gradient of the input");
  check_close(gradient.weight, weight.grad(), "gradient of the weight");
  check_close(gradient.bias, bias.grad(), "gradient of the bias");
  if (source == NormSource::none) return;
  check_close(gradient.gamma, plain.gamma.grad(), "gradient of gamma");
  check_close(gradient.beta, plain.beta.grad(), "gradient of beta");
  check_close(mine.running_mean, plain.running_mean, "running mean");
  check_close(mine.running_var, plain.running_var, "running variance");
}

}  // namespace

TEST_CASE("a norm folded into the linear map before it is the reference of batch norm, gradients included") {
  at::manual_seed(1);
  for (const auto source : {NormSource::batch, NormSource::running, NormSource::none}) {
    INFO("source " << static_cast<int>(source));
    compare(source, {});
  }
  compare(NormSource::batch, [](at::Tensor& values) { values.mul_(2); });  // two ranks with equal values
}

TEST_CASE("statistics combined from pieces are those of all values") {
  at::manual_seed(2);
  const at::Tensor values = at::randn({60, 3}, at::kDouble) + 100;
  std::vector<at::Tensor> rows;
  for (const at::Tensor& piece : values.split(25)) {
    const at::Tensor mean = piece.mean(0);
    rows.push_back(at::cat({at::full({1}, piece.size(0), at::kDouble), mean, (piece - mean).square().sum(0)}));
  }
  for (const bool over_ranks : {false, true}) {
    const Sum sum = over_ranks ? Sum([](at::Tensor& total) { total.mul_(2); }) : Sum();
    const Statistics found = combine(at::stack(rows), sum);
    CHECK(found.count.item<double>() == (over_ranks ? 120 : 60));
    check_close(found.mean, values.mean(0), "mean");
    check_close(found.variance, values.var(0, false), "variance");
  }
}

}  // namespace hpcai::kernels
