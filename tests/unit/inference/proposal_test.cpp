#include "hpcai/inference/proposal.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace hpcai::inference {
namespace {

// Two correlated clouds, two thirds of them around (4, -1, 0).
at::Tensor clouds(int64_t count) {
  const Proposal normal(3);
  at::Tensor points = normal.draw(count, 7, 0);
  points.select(1, 1).mul_(0.3).add_(points.select(1, 0), 0.5);
  const at::Tensor second = at::arange(count).remainder(3).eq(0).to(at::kDouble);
  points.select(1, 0).add_(4 - 8 * second);
  points.select(1, 1).add_(-1 + 3 * second);
  return points;
}

// Its logarithm of the density.
at::Tensor log_density_of_clouds(const at::Tensor& points) {
  const auto cloud = [&](double x, double y) {
    const at::Tensor first = points.select(1, 0) - x, second = (points.select(1, 1) - y - 0.5 * first) / 0.3;
    return (first.square() + second.square() + points.select(1, 2).square()) * -0.5 - 1.5 * std::log(2 * M_PI) - std::log(0.3);
  };
  return at::logaddexp(cloud(4, -1) + std::log(2.0 / 3), cloud(-4, 2) + std::log(1.0 / 3));
}

double mean_ratio(const at::Tensor& log_numerator, const at::Tensor& log_denominator) {
  return (log_numerator - log_denominator).exp().mean().item<double>();
}

}  // namespace

TEST_CASE("a proposal is the standard normal density at first") {
  const Proposal proposal(4);
  const at::Tensor points = proposal.draw(20000, 1, 0);
  CHECK(points.mean().item<double>() == Approx(0).margin(0.02));
  CHECK(points.var().item<double>() == Approx(1).margin(0.03));
  CHECK(proposal.log_density(at::zeros({1, 4}, at::kDouble)).item<double>() == Approx(-2 * std::log(2 * M_PI)));
  CHECK(at::equal(points.narrow(0, 0, 10), proposal.draw(10, 1, 0)));
  CHECK_FALSE(at::equal(points.narrow(0, 0, 10), proposal.draw(10, 1, 1)));
}

TEST_CASE("a fit follows weighted points, and its draws have its density") {
  // Points of a wide density with the weights of the clouds.
  const at::Tensor wide = Proposal(3).draw(20000, 3, 0) * 4;
  const at::Tensor log_wide = log_standard_normal(wide / 4) - 3 * std::log(4.0);
  const at::Tensor weights = (log_density_of_clouds(wide) - log_wide).softmax(0);
  const Proposal proposal = Proposal::fit(wide, weights, 1 / weights.square().sum().item<double>());
  CHECK(proposal.parts() > 1);
  const at::Tensor draws = proposal.draw(20000, 4, 0), log_density = proposal.log_density(draws);
  // The mean of p / q over draws of q is 1 for each density p that q covers: q integrates to 1 and is the density of the draws.
  CHECK(mean_ratio(log_density_of_clouds(draws), log_density) == Approx(1).margin(0.03));
  CHECK(mean_ratio(log_standard_normal(draws), log_density) == Approx(1).margin(0.05));
  // The divergence from the clouds in nats.
  const at::Tensor points = clouds(20000);
  CHECK((log_density_of_clouds(points) - log_standard_normal(points)).mean().item<double>() > 9);
  CHECK((log_density_of_clouds(points) - proposal.log_density(points)).mean().item<double>() < 0.5);
}

TEST_CASE("few points, and points on a line, have a fit") {
  at::Tensor points = Proposal(3).draw(5, 2, 0);
  points.select(1, 2).zero_();
  const Proposal proposal = Proposal::fit(points, at::full({5}, 0.2, at::kDouble), 5);
  CHECK(proposal.parts() == 1);
  CHECK(proposal.log_density(proposal.draw(100, 1, 0)).isfinite().all().item<bool>());
}

}  // namespace hpcai::inference
