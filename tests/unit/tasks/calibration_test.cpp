#include "hpcai/tasks/calibration.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace hpcai::tasks {
namespace {

// Events whose posterior of one value is normal: mean m, width 1, where m itself is normal; the draws are too wide by `factor`.
at::Tensor summaries_of(const at::Tensor& mean, const at::Tensor& truth, double factor) {
  const at::Tensor draws = mean.unsqueeze(1) + factor * at::randn({mean.size(0), 400, 1}, at::kDouble);
  return summarise_draws(draws, truth);
}

}  // namespace

TEST_CASE("the summary of draws has the rank of the truth, the quantiles and the standard deviation") {
  const at::Tensor draws = at::arange(0, 101, at::kDouble).flip(0).reshape({1, 101, 1});
  const at::Tensor row = summarise_draws(draws, at::full({1, 1}, 25.5, at::kDouble))[0][0];
  CHECK(row[kRank].item<double>() == Approx(26.5 / 102));
  CHECK(row[kP05].item<double>() == 5);
  CHECK(row[kMedian].item<double>() == 50);
  CHECK(row[kP95].item<double>() == 95);
  CHECK(row[kDeviation].item<double>() == Approx(std::sqrt(101.0 * 102 / 12)));
  CHECK(std::isnan(summarise_draws(draws, {})[0][0][kRank].item<double>()));
}

TEST_CASE("a known normal model is calibrated, and one that is too wide or shifted is not") {
  at::manual_seed(3);
  const at::Tensor mean = at::randn({1000, 1}, at::kDouble), truth = mean + at::randn({1000, 1}, at::kDouble);
  const auto right = calibration({"x"}, summaries_of(mean, truth, 1), truth);
  CHECK(right.at(kSmallestPKey).get<double>() > 0.01);
  CHECK(right.at("calibration").at("x").at("coverage_90").get<double>() == Approx(0.9).margin(0.03));
  CHECK(right.at(kSharpnessKey).get<double>() == Approx(1 / std::sqrt(2.0)).margin(0.03));
  const auto wide = calibration({"x"}, summaries_of(mean, truth, 1.5), truth);
  CHECK(wide.at(kSmallestPKey).get<double>() < 1e-4);
  CHECK(wide.at("calibration").at("x").at("coverage_90").get<double>() > 0.95);
  const auto shifted = calibration({"x"}, summaries_of(mean + 0.3, truth, 1), truth);
  CHECK(shifted.at(kSmallestPKey).get<double>() < 1e-4);
}

}  // namespace hpcai::tasks
