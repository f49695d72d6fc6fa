#include "hpcai/models/standardise.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/models/model.h"
#include "unit/metrics/regression_fixture.h"

namespace hpcai::models {
namespace {

class Bare : public Model {
 public:
  at::Tensor forward(const at::Tensor& input) override { return input; }
};

}  // namespace

TEST_CASE("inputs are standardised as by scikit-learn's StandardScaler") {
  const auto& with = regression_fixture("scaler");
  const at::Tensor x = matrix_of(with.at("x")).to(at::kFloat);
  const int64_t shape[] = {3};
  InputStandardiser standardiser(shape);
  CHECK(at::equal(standardiser.forward(x), x));
  CHECK(standardiser.examples_wanted() == 8192);
  standardiser.fit_to(x);
  CHECK(at::allclose(standardiser.forward(x).to(at::kDouble), matrix_of(with.at("transformed")), 1e-5, 1e-5));
  standardiser.fit_to(x.narrow(0, 0, 0));
  CHECK(at::allclose(standardiser.forward(x).to(at::kDouble), matrix_of(with.at("transformed")), 1e-5, 1e-5));
}

TEST_CASE("a channel is standardised over samples and positions") {
  at::manual_seed(3);
  const at::Tensor x = at::randn({50, 2, 4, 5}) * at::tensor({2.0F, 1e-20F}).view({2, 1, 1}) + 7;
  const int64_t shape[] = {2, 4, 5};
  InputStandardiser standardiser(shape);
  standardiser.fit_to(x);
  const at::Tensor z = standardiser.forward(x).to(at::kDouble);
  CHECK(z.select(1, 0).mean().item<double>() == Approx(0).margin(1e-5));
  CHECK(z.select(1, 0).square().mean().item<double>() == Approx(1).epsilon(1e-5));
  CHECK(z.select(1, 1).abs().max().item<double>() == 0);  // does not vary
  REQUIRE(standardiser.named_buffers().size() == 2);
  CHECK(standardiser.named_buffers()["centre"].sizes() == at::IntArrayRef({2, 1, 1}));
  const int64_t large[] = {2, 1 << 22};
  CHECK(InputStandardiser(large).examples_wanted() == 2);
}

TEST_CASE("features of a sequence are standardised over samples and time") {
  at::manual_seed(4);
  const at::Tensor x = at::randn({50, 7, 2}) * at::tensor({2.0F, 30.0F}) + at::tensor({7.0F, -3.0F});
  const int64_t shape[] = {7, 2};
  InputStandardiser standardiser(shape, 1);
  standardiser.fit_to(x);
  const at::Tensor z = standardiser.forward(x).flatten(0, 1).to(at::kDouble);
  CHECK(at::allclose(z.mean(0), at::zeros({2}, at::kDouble), 0, 1e-5));
  CHECK(at::allclose(z.std(0, /*unbiased=*/false), at::ones({2}, at::kDouble), 1e-5, 0));
}

TEST_CASE("the scale of the targets changes units and back, and unknown targets do not count") {
  TargetScale scale(2);
  const at::Tensor targets = torch::tensor({{1.0F, 5.0F}, {NAN, 5.0F}, {3.0F, 5.0F}});
  scale.fit_to({});
  CHECK(at::equal(scale.deviation(), at::ones({2})));
  scale.fit_to(targets);
  CHECK(at::equal(scale.deviation(), torch::tensor({1.0F, 1.0F})));
  const at::Tensor value = torch::tensor({{4.0F, 6.0F}});
  CHECK(at::equal(scale.to_standard(value), torch::tensor({{2.0F, 1.0F}})));
  CHECK(at::equal(scale.from_standard(scale.to_standard(value)), value));
}

TEST_CASE("a model's scale is found by its name") {
  Bare model;
  CHECK(find_target_scale(model) == nullptr);
  const auto scale = std::make_shared<TargetScale>(1);
  model.register_module(kTargetScale, scale);
  CHECK(find_target_scale(model) == scale.get());
  CHECK(is_of_target_scale(model.named_buffers().keys()[0]));
}

}  // namespace hpcai::models
