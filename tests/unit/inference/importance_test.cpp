#include "hpcai/inference/importance.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "hpcai/core/error.h"
#include "support.h"

namespace hpcai::inference {
namespace {

// Faint enough that a good part of the prior has a likelihood.
data::StrainModelConfig faint() {
  data::StrainModelConfig model = two_unknowns();
  model.priors.luminosity_distance = simulate::FixedPriorConfig{4000};
  return model;
}

struct Problem : TwoUnknownsEvent {
  Problem() : TwoUnknownsEvent(faint()) {}
  LogPrior log_prior = [this](const std::vector<double>& values) { return priors.log_density(values); };

  Weighted answer(int64_t count, int threads) {
    Draws draws = draw(network, at::zeros({2, 4}), Proposal(network.dimensions()), count, 1);
    return reweight(std::move(draws), likelihood, priors, log_prior, 1, threads);
  }
};

double mean_of(const Weighted& weighted, size_t column) {
  double mean = 0;
  for (size_t i = 0; i < weighted.weight.size(); ++i) mean += weighted.weight[i] * weighted.draws.values[i][column];
  return mean;
}

}  // namespace

TEST_CASE("reweighted draws have the mean, the width and the evidence of the posterior on a grid") {
  Problem problem;
  const Weighted weighted = problem.answer(60000, 2);
  const auto [log_evidence, mass, width] = posterior_on_grid(problem.likelihood, problem.priors, {20, 50}, {-0.02, 0.02});
  CHECK(weighted.effective_samples > 40);
  CHECK(mean_of(weighted, 0) == Approx(mass).margin(4 * width / std::sqrt(weighted.effective_samples)));
  CHECK(std::abs(mass - 31) < 5 * width);
  CHECK(weighted.log_evidence == Approx(log_evidence).margin(4 * weighted.log_evidence_error + 0.02));
  CHECK(std::accumulate(weighted.weight.begin(), weighted.weight.end(), 0.0) == Approx(1));
}

TEST_CASE("the answer does not depend on the number of threads") {
  Problem problem;
  const Weighted one = problem.answer(2000, 1), many = problem.answer(2000, 4);
  CHECK(one.weight == many.weight);
  CHECK(one.phase == many.phase);
}

TEST_CASE("phases follow their distribution given the other parameters") {
  Problem problem;
  const Weighted weighted = problem.answer(4000, 2);
  // mean of cos(2 phase + arg kappa) over draws of von Mises strength k is I1(k) / I0(k)
  double excess = 0;
  for (size_t i = 0; i < weighted.phase.size(); ++i) {
    const auto terms = problem.likelihood.terms(problem.priors.binary(weighted.draws.values[i]));
    const double strength = std::hypot(terms.kappa2_re, terms.kappa2_im), angle = std::atan2(terms.kappa2_im, terms.kappa2_re);
    const double step = 1e-4 * (1 + strength);
    const double expected =
        strength > step ? (simulate::log_bessel_i0(strength + step) - simulate::log_bessel_i0(strength - step)) / (2 * step) : 0;
    CHECK(weighted.phase[i] >= 0);
    CHECK(weighted.phase[i] < 2 * M_PI);
    excess += (std::cos(2 * weighted.phase[i] + angle) - expected) / static_cast<double>(weighted.phase.size());
  }
  CHECK(excess == Approx(0).margin(0.03));
}

TEST_CASE("draws without a finite weight are refused") {
  Problem problem;
  problem.log_prior = [](const std::vector<double>&) { return -std::numeric_limits<double>::infinity(); };
  CHECK_THROWS_AS(problem.answer(100, 1), Error);
}

TEST_CASE("resampling takes each draw in proportion to its weight") {
  const auto chosen = resample({0.5, 0, 0.25, 0.25}, 1000, 3);
  std::vector<int> counts(4);
  for (const int64_t i : chosen) ++counts[static_cast<size_t>(i)];
  CHECK(std::abs(counts[0] - 500) <= 1);
  CHECK(counts[1] == 0);
  CHECK(std::abs(counts[2] - 250) <= 1);
  CHECK(std::abs(counts[3] - 250) <= 1);
}

}  // namespace hpcai::inference
