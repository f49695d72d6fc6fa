#include "hpcai/models/dropout.h"

#include <catch2/catch.hpp>

using namespace hpcai;

TEST_CASE("dropout keeps the mean and the stated part of the values") {
  const at::Tensor ones = at::ones({8, 5000});
  const at::Tensor out = models::dropout(ones, 0.3, {1, 2, 0});
  CHECK(out.eq(0).to(at::kFloat).mean().item<float>() == Approx(0.3).margin(0.01));
  CHECK(out.mean().item<float>() == Approx(1.0).margin(0.015));
  CHECK(out.max().item<float>() == Approx(1 / 0.7));
}

TEST_CASE("a dropout mask depends on the place in the global batch, not on how the batch is split") {
  const at::Tensor ones = at::ones({6, 4, 50});
  const at::Tensor whole = models::dropout(ones, 0.5, {1, 7, 0});
  const at::Tensor first = models::dropout(ones.narrow(0, 0, 2), 0.5, {1, 7, 0});
  const at::Tensor rest = models::dropout(ones.narrow(0, 2, 4), 0.5, {1, 7, 2});
  CHECK(at::equal(whole, at::cat({first, rest})));
  CHECK_FALSE(at::equal(whole, models::dropout(ones, 0.5, {1, 8, 0})));
  CHECK_FALSE(at::equal(whole, models::dropout(ones, 0.5, {2, 7, 0})));
  CHECK_FALSE(at::equal(whole, models::dropout(ones, 0.5, {1, 7, 0}, 1)));
}

TEST_CASE("the gradient of dropout passes where the value passed") {
  const at::Tensor x = at::ones({3, 100}).requires_grad_();
  const at::Tensor y = models::dropout(x, 0.4, {1, 1, 0});
  y.sum().backward();
  CHECK(at::equal(x.grad(), y.detach()));
  CHECK(models::dropout(x, 0, {1, 1, 0}).is_same(x));
}
