#include "hpcai/models/flow/conditional_affine.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

namespace hpcai::models {
namespace {

// An affine map with random weights, in float64.
std::shared_ptr<ConditionalAffine> random_affine(int64_t dimensions, double scale) {
  auto affine = std::make_shared<ConditionalAffine>(dimensions, 3);
  affine->to(at::kDouble);
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : affine->parameters()) parameter.normal_(0, scale);
  return affine;
}

}  // namespace

TEST_CASE("the affine map's slope is the determinant of its Jacobian") {
  at::manual_seed(1);
  const auto affine = random_affine(4, 0.7);
  const at::Tensor context = at::randn({1, 3}, at::kDouble), value = at::randn({1, 4}, at::kDouble).requires_grad_();
  const auto output = affine->forward(context, value, false);
  std::vector<at::Tensor> rows;
  for (int64_t i = 0; i < 4; ++i) {
    value.mutable_grad() = at::Tensor();
    output.value[0][i].backward({}, /*retain_graph=*/true);
    rows.push_back(value.grad()[0].clone());
  }
  const at::Tensor jacobian = at::stack(rows);
  CHECK(jacobian.triu(1).abs().max().item<double>() == 0);
  CHECK(output.log_slope.item<double>() == Approx(jacobian.diagonal().log().sum().item<double>()).epsilon(1e-12));
}

TEST_CASE("the affine map's inverse undoes it, also with one context for all values") {
  at::manual_seed(2);
  const at::NoGradGuard no_grad;
  const auto affine = random_affine(5, 0.7);
  const at::Tensor value = at::randn({20, 5}, at::kDouble), contexts = at::randn({20, 3}, at::kDouble);
  for (const at::Tensor& context : {contexts, contexts.narrow(0, 0, 1)}) {
    const auto there = affine->forward(context, value, false), back = affine->forward(context, there.value, true);
    CHECK(at::allclose(back.value, value, 1e-9, 1e-9));
    CHECK(at::equal(back.log_slope, -there.log_slope));
  }
}

TEST_CASE("the affine map begins as the identity and its scales are limited") {
  ConditionalAffine affine(3, 3);
  const at::Tensor value = at::randn({7, 3}), context = at::randn({7, 3});
  CHECK(at::equal(affine.forward(context, value, false).value, value));
  const auto wild = random_affine(3, 1e4);
  const at::Tensor log_slope = wild->forward(context.to(at::kDouble), value.to(at::kDouble), false).log_slope;
  CHECK(log_slope.abs().max().item<double>() <= 3 * ConditionalAffine::kMostLogScale);
}

TEST_CASE("the affine map of a single dimension has no triangle") {
  const auto affine = random_affine(1, 1);
  const at::Tensor value = at::randn({7, 1}, at::kDouble), context = at::randn({7, 3}, at::kDouble);
  const auto there = affine->forward(context, value, false);
  CHECK(at::allclose(affine->forward(context, there.value, true).value, value));
}

}  // namespace hpcai::models
