#include "hpcai/inference/adaptive_importance.h"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "support.h"

namespace hpcai::inference {
namespace {

struct LoudProblem : TwoUnknownsEvent {
  LoudProblem() : TwoUnknownsEvent(two_unknowns()) {}

  AdaptedPosterior answer(int64_t count, int threads) {
    return adaptive_importance(
        network, at::zeros({2, 4}), count, likelihood, priors,
        [&](const std::vector<double>& values) { return priors.log_density(values); }, 1, threads);
  }
};

}  // namespace

TEST_CASE("a network that knows nothing of a loud event still leads to its posterior") {
  LoudProblem problem;
  const AdaptedPosterior adapted = problem.answer(20000, 2);
  const Weighted& weighted = adapted.posterior;
  const auto [log_evidence, mass, width] = posterior_on_grid(problem.likelihood, problem.priors, {30, 32}, {0, 0.008});
  CHECK(adapted.network.efficiency < 0.01);
  CHECK(weighted.efficiency > 0.3);
  double mean = 0, square = 0;
  for (size_t i = 0; i < weighted.weight.size(); ++i) {
    const double value = weighted.draws.values[i][0];
    mean += weighted.weight[i] * value;
    square += weighted.weight[i] * value * value;
  }
  const double error = width / std::sqrt(weighted.effective_samples);
  CHECK(mean == Approx(mass).margin(4 * error));
  CHECK(std::sqrt(square - mean * mean) == Approx(width).margin(4 * error));
  CHECK(weighted.log_evidence == Approx(log_evidence).margin(4 * weighted.log_evidence_error + 0.01));
}

TEST_CASE("few draws are all the network's own") {
  LoudProblem problem;
  const AdaptedPosterior adapted = problem.answer(500, 1);
  CHECK(adapted.posterior.weight.size() == 500);
  const Draws& draws = adapted.posterior.draws;
  for (size_t i = 0; i < 500; ++i) CHECK(draws.log_density[i] == Approx(draws.log_proposal[i]).margin(1e-12));
}

TEST_CASE("an adapted answer does not depend on the number of threads") {
  LoudProblem problem;
  at::set_num_threads(1);
  const AdaptedPosterior one = problem.answer(40000, 1);
  at::set_num_threads(2);
  CHECK(one.posterior.weight == problem.answer(40000, 3).posterior.weight);
}

}  // namespace hpcai::inference
