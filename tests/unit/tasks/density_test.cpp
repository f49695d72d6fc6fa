#include "hpcai/tasks/density.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/conditional_density.h"
#include "hpcai/tasks/calibration.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr double kWidth = 0.05;

// p(value | input) = normal with the input's values as means and width kWidth, in the ranges [0, 1].
class KnownDensity : public models::ConditionalDensity {
 public:
  explicit KnownDensity(int64_t dimensions, double width = kWidth) : dimensions_(dimensions), width_(width) { add_layer("none"); }
  int64_t dimensions() const override { return dimensions_; }
  at::Tensor context(const at::Tensor& input) override { return input; }
  at::Tensor log_density(const at::Tensor& context, const at::Tensor& value) override {
    const at::Tensor z = (value - context) / width_;
    return (-0.5 * z.square() - std::log(width_) - 0.5 * std::log(2 * M_PI)).sum(1);
  }
  Drawn draw(const at::Tensor& context, const at::Tensor& base) override {
    const at::Tensor value = context + width_ * base;
    return {value, log_density(context, value)};
  }
  double log_uniform() const override { return 0; }

 private:
  int64_t dimensions_;
  double width_;
};

const data::SampleSpec kSpec = [] {
  data::SampleSpec spec;
  spec.input_shape = {3};
  spec.target_names = {"mass_ratio", "chi_1", "chi_2"};
  spec.target_ranges = {{0, 1}, {0, 1}, {0, 1}};
  return spec;
}();

std::unique_ptr<Task> density(int64_t samples) { return make(DensityConfig{}, {.posterior_samples = samples}); }

EvaluationResult evaluated(const Task& task, models::Model& model, const at::Tensor& input, const at::Tensor& target) {
  const auto group = distributed::make_single_group();
  const auto evaluation = task.start_evaluation(kSpec, at::kCPU);
  std::vector<int64_t> index(static_cast<size_t>(input.size(0)));
  std::iota(index.begin(), index.end(), 0);
  evaluation->add(Network(model), {{input, target}}, index);
  return evaluation->finish(*group);
}

}  // namespace

TEST_CASE("the loss of a density is its negative logarithm at the targets") {
  KnownDensity model(3);
  const at::Tensor input = at::full({2, 3}, 0.5F), target = input + 0.1F;
  const double expected = 3 * (0.5 * 4 + std::log(kWidth) + 0.5 * std::log(2 * M_PI));
  CHECK(density(0)->loss(Network(model), {{input, target}}).item<double>() == Approx(expected).margin(1e-4));
}

TEST_CASE("draws from a density that is right are calibrated, and the table has their intervals and chi_eff") {
  at::manual_seed(1);
  const at::Tensor input = at::rand({600, 3}) * 0.5 + 0.25, target = input + kWidth * at::randn({600, 3});
  KnownDensity model(3), wide(3, 2 * kWidth);
  const auto task = density(300);
  const auto result = evaluated(*task, model, input, target);
  CHECK(result.metrics.at(kSmallestPKey).get<double>() > 0.005);
  CHECK(result.metrics.at("calibration").contains("chi_eff"));
  CHECK(result.metrics.at("calibration").at("chi_1").at("coverage_90").get<double>() == Approx(0.9).margin(0.04));
  CHECK(evaluated(*task, wide, input, target).metrics.at(kSmallestPKey).get<double>() < 1e-6);

  const auto table = task->table(kSpec, result.predictions);
  CHECK(table.columns.size() == 16);
  CHECK(table.columns[1] == "mass_ratio_median");
  CHECK(table.predictions[1] == Approx(input[0][0].item<double>()).margin(0.02));
  CHECK(table.predictions[3] == Approx(kWidth).margin(0.01));
  CHECK(table.truth_columns.back() == "chi_eff");
}

TEST_CASE("the draws of a sample do not depend on its batch") {
  KnownDensity model(3);
  const auto task = density(50);
  const at::Tensor input = at::rand({4, 3});
  const auto together = evaluated(*task, model, input, {}).predictions.prediction;
  const auto group = distributed::make_single_group();
  const auto evaluation = task->start_evaluation(kSpec, at::kCPU);
  evaluation->add(Network(model), {{input.narrow(0, 0, 1), {}}}, {0});
  evaluation->add(Network(model), {{input.narrow(0, 1, 3), {}}}, {1, 2, 3});
  const auto apart = evaluation->finish(*group).predictions.prediction;
  CHECK(at::allclose(together, apart, 0, 0, /*equal_nan=*/true));
}

TEST_CASE("a density needs targets that are numbers, and a model of a density") {
  CHECK(density(0)->outputs(kSpec) == 3);
  CHECK(density(0)->outputs({{1, 400}, {}, {"q", "s1", "s2"}}) == 3);
  CHECK_THROWS_AS(density(0)->outputs({{1, 400}, {"a", "b"}, {}}), Error);
  FixedOutput other(at::zeros({1, 3}));
  KnownDensity right(3);
  CHECK_THROWS_AS(density(0)->require(other), Error);
  CHECK_NOTHROW(density(0)->require(right));
  CHECK(density(0)->lacks(density(0)->metrics()[1], kSpec) == "evaluation.posterior_samples above 0");
  CHECK(density(10)->lacks(density(0)->metrics()[1], kSpec).empty());
}

}  // namespace hpcai::tasks
