#include "hpcai/tasks/regression.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/standardise.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

const data::SampleSpec kPhysical{{4}, {}, {"mass", "spin"}};

const at::Tensor& known_targets() {
  static const at::Tensor targets = torch::tensor({{10.0F, 0.1F}, {20.0F, 0.3F}, {30.0F, 0.8F}});
  return targets;
}

double loss_of(const RegressionConfig& config, const at::Tensor& output, const at::Tensor& target) {
  const auto task = make(config, {});
  FixedOutput model(output);
  task->extend(model, kPhysical, 1);
  if (models::TargetScale* scale = models::find_target_scale(model)) scale->fit_to(known_targets());
  return task->loss(Network(model), {{at::zeros({target.size(0), 4}), target}}).item<double>();
}

// (10, 20, 30) and (0.1, 0.3, 0.8) in units of their deviation, from their mean.
at::Tensor standard_targets() {
  const at::Tensor wide = known_targets().to(at::kDouble);
  return (wide - wide.mean(0)) / wide.std(0, /*unbiased=*/false);
}

}  // namespace

TEST_CASE("each kind of regression has its loss, in units of the targets' deviations") {
  const at::Tensor output = torch::tensor({{0.5F, -1.0F}, {2.0F, 0.2F}, {-3.0F, 1.0F}});
  const at::Tensor error = output.to(at::kDouble) - standard_targets();
  CHECK(loss_of({}, output, known_targets()) == Approx(error.square().mean().item<double>()).epsilon(1e-5));
  CHECK(loss_of({.kind = RegressionKind::absolute}, output, known_targets()) ==
        Approx(error.abs().mean().item<double>()).epsilon(1e-5));
  const double delta = 0.7;
  const at::Tensor huber = at::where(error.abs() <= delta, 0.5 * error.square(), delta * (error.abs() - 0.5 * delta));
  CHECK(loss_of({.kind = RegressionKind::huber, .delta = delta}, output, known_targets()) ==
        Approx(huber.mean().item<double>()).epsilon(1e-5));
}

TEST_CASE("the gaussian loss is the negative logarithm of the normal density") {
  const at::Tensor mean = torch::tensor({{0.5F, -1.0F}, {2.0F, 0.2F}, {-3.0F, 1.0F}});
  const at::Tensor log_variance = torch::tensor({{0.0F, 1.0F}, {-2.0F, 0.5F}, {1.5F, -0.5F}});
  const at::Tensor variance = log_variance.to(at::kDouble).exp();
  const at::Tensor density =
      (-(mean.to(at::kDouble) - standard_targets()).square() / (2 * variance)).exp() / (2 * std::numbers::pi * variance).sqrt();
  CHECK(loss_of({.kind = RegressionKind::gaussian}, at::cat({mean, log_variance}, 1), known_targets()) ==
        Approx(-density.log().mean().item<double>()).epsilon(1e-5));
  // A variance that has run away leaves the loss finite.
  CHECK(std::isfinite(loss_of({.kind = RegressionKind::gaussian}, at::cat({mean, log_variance * 1000}, 1), known_targets())));
}

TEST_CASE("without standardise the loss is in the targets' units, and the model has no scale") {
  const at::Tensor output = torch::tensor({{11.0F, 0.1F}, {20.0F, 0.3F}, {30.0F, 0.9F}});
  CHECK(loss_of({.standardise = false}, output, known_targets()) == Approx((1 + 0.01) / 6).epsilon(1e-5));
  FixedOutput model(output);
  make(RegressionConfig{.standardise = false}, {})->extend(model, kPhysical, 1);
  CHECK(model.named_buffers().size() == 0);
}

TEST_CASE("a regression of half-precision outputs is computed in float32") {
  const auto task = make(RegressionConfig{}, {});
  FixedOutput model(at::zeros({3, 2}).to(at::kBFloat16));
  task->extend(model, kPhysical, 1);
  CHECK(task->loss(Network(model), {{at::zeros({3, 4}), known_targets()}}).scalar_type() == at::kFloat);
}

TEST_CASE("a regression needs targets that are numbers") {
  const auto task = make(RegressionConfig{}, {});
  CHECK(task->outputs(kPhysical) == 2);
  CHECK(make(RegressionConfig{.kind = RegressionKind::gaussian}, {})->outputs(kPhysical) == 4);
  CHECK_THROWS_AS(task->outputs({{3, 8, 8}, {"spiral", "elliptical"}, {}}), Error);
  CHECK_THROWS_AS(task->outputs({{3, 8, 8}, {}, {}}), Error);
}

TEST_CASE("predictions and their deviations are in the targets' units") {
  const auto task = make(RegressionConfig{.kind = RegressionKind::gaussian}, {});
  const at::Tensor log_variance = torch::tensor({{0.0F, 2.0F}, {0.0F, 0.0F}, {0.0F, 0.0F}});
  FixedOutput model(at::cat({standard_targets().to(at::kFloat), log_variance}, 1));
  task->extend(model, kPhysical, 1);
  models::find_target_scale(model)->fit_to(known_targets());
  const auto evaluation = task->start_evaluation(kPhysical, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({3, 4}), known_targets()}}, {0, 1, 2});
  const auto group = distributed::make_single_group();
  const EvaluationResult result = evaluation->finish(*group);
  const auto table = task->table(kPhysical, result.predictions);
  CHECK(table.columns == std::vector<std::string>{"mass", "spin", "mass_std", "spin_std"});
  const double deviation = std::sqrt(200.0 / 3);
  CHECK(table.predictions[0] == Approx(10).epsilon(1e-5));
  CHECK(table.predictions[1] == Approx(0.1).epsilon(1e-5));
  CHECK(table.predictions[2] == Approx(deviation).epsilon(1e-5));
  CHECK(table.predictions[3] == Approx(std::numbers::e * std::sqrt((0.09 + 0.01 + 0.16) / 3)).epsilon(1e-5));
  CHECK(table.truth[1] == Approx(0.1));
  CHECK(result.metrics.at("r2").get<double>() == Approx(1));
  CHECK(result.metrics.at("rmse").at("mass").get<double>() == Approx(0).margin(1e-4));
  CHECK(result.metrics.at("nll_each").at("mass").get<double>() ==
        Approx(0.5 * std::log(2 * std::numbers::pi * 200 / 3)).epsilon(1e-5));
  CHECK(result.metrics.at("coverage_68") == 1);
}

TEST_CASE("a regression of samples without truth predicts") {
  const auto task = make(RegressionConfig{}, {});
  FixedOutput model(at::ones({1, 2}));
  task->extend(model, kPhysical, 1);
  const auto evaluation = task->start_evaluation(kPhysical, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({1, 4}), {}}}, {0});
  const auto group = distributed::make_single_group();
  const EvaluationResult result = evaluation->finish(*group);
  CHECK_FALSE(result.metrics.contains("rmse"));
  CHECK(task->table(kPhysical, result.predictions).truth_columns.empty());
  CHECK(task->lacks(task->metrics()[4], kPhysical) == "loss.kind gaussian");
}

}  // namespace hpcai::tasks
