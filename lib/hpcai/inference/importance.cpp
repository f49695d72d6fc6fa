#include "hpcai/inference/importance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/parallel.h"
#include "hpcai/core/random.h"
#include "hpcai/core/weighted.h"

namespace hpcai::inference {
namespace {

constexpr int64_t kChunk = 4096;    // draws of one pass of the flow
constexpr double kRounding = 1e-6;  // of a value
constexpr uint64_t kPhaseStream = 1, kResampleStream = 2;

// A phase in [0, 2 pi) with density in proportion to exp(Re(kappa exp(2 i phase))), by the rejection method of Best and Fisher
// (Applied Statistics 28, 152, 1979).
double draw_phase(std::complex<double> kappa, Random& random) {
  const double strength = std::abs(kappa), centre = -std::arg(kappa);
  double angle = 2 * std::numbers::pi * random.uniform();
  if (strength > 1e-6) {
    const double tau = 1 + std::sqrt(1 + 4 * strength * strength);
    const double rho = (tau - std::sqrt(2 * tau)) / (2 * strength), r = (1 + rho * rho) / (2 * rho);
    while (true) {
      const double z = std::cos(std::numbers::pi * random.uniform()), f = (1 + r * z) / (r + z), c = strength * (r - f);
      const double u = random.uniform();
      if (c * (2 - c) <= u && std::log(c / u) + 1 - c < 0) continue;
      angle = centre + (random.coin() ? 1 : -1) * std::acos(std::clamp(f, -1.0, 1.0));
      break;
    }
  }
  const double phase = angle / 2 + (random.coin() ? std::numbers::pi : 0);
  return phase - 2 * std::numbers::pi * std::floor(phase / (2 * std::numbers::pi));
}

// Sets the weights from their logarithms, and what follows from them.
void normalise(Weighted& result, std::vector<double> log_weight) {
  // A draw whose density is not a number carries nothing.
  for (double& value : log_weight) value = std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
  const double largest = *std::ranges::max_element(log_weight);
  if (!std::isfinite(largest)) {
    throw Error(ExitCode::bad_data, "no draw of the network has a likelihood and a prior above zero",
                "The event lies outside of what the network was trained for: use another run.");
  }
  result.weight.clear();
  for (const double value : log_weight) result.weight.push_back(std::exp(value - largest));
  const double sum = std::accumulate(result.weight.begin(), result.weight.end(), 0.0);
  result.effective_samples = effective_sample_size(result.weight);
  const auto count = static_cast<double>(log_weight.size());
  for (double& weight : result.weight) weight /= sum;
  result.efficiency = result.effective_samples / count;
  result.log_evidence = largest + std::log(sum / count);
  result.log_evidence_error = std::sqrt(std::max(0.0, 1 / result.effective_samples - 1 / count));
}

// Brings values that rounding to float32 has moved out of the range of their prior back to its bound. Returns whether all values
// are in their ranges then.
bool bring_into_ranges(std::vector<double>& values, const data::StrainPriors& priors) {
  bool inside = true;
  for (size_t j = 0; j < values.size(); ++j) {
    const auto [low, high] = priors.ranges()[j];
    const double margin = kRounding * std::max(std::abs(low), std::abs(high));
    inside = inside && values[j] >= low - margin && values[j] <= high + margin;
    values[j] = std::clamp(values[j], low, high);
  }
  return inside;
}

// Brings the draws into the ranges of the priors, and computes everything but the weights.
Weighted examine(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors, const LogPrior& log_prior,
                 uint64_t seed, int threads) {
  Weighted result;
  result.draws = std::move(draws);
  const size_t count = result.draws.values.size();
  for (auto* list : {&result.log_prior, &result.log_likelihood, &result.phase}) list->resize(count);
  parallel_for(static_cast<int64_t>(count), threads, [&](int64_t index) {
    const auto i = static_cast<size_t>(index);
    std::vector<double>& values = result.draws.values[i];
    const bool inside = bring_into_ranges(values, priors);
    Random random(seed, kPhaseStream, static_cast<uint64_t>(index), Purpose::draw);
    const auto terms = likelihood.terms(priors.binary(values));
    result.log_prior[i] = inside ? log_prior(values) : -std::numeric_limits<double>::infinity();
    result.log_likelihood[i] = simulate::Likelihood::log_ratio_phase_marginalised(terms);
    result.phase[i] = draw_phase({terms.kappa2_re, terms.kappa2_im}, random);
  });
  return result;
}

void weigh_with_likelihood(Weighted& result) {
  std::vector<double> log_weight;
  for (size_t i = 0; i < result.log_prior.size(); ++i) {
    log_weight.push_back(result.log_prior[i] + result.log_likelihood[i] - result.draws.log_proposal[i]);
  }
  normalise(result, std::move(log_weight));
}

}  // namespace

std::vector<double> list_of(const at::Tensor& values) {
  const double* first = values.const_data_ptr<double>();
  return {first, first + values.numel()};
}

Draws draw(models::ConditionalDensity& model, const at::Tensor& input, const Proposal& proposal, int64_t count, uint64_t seed,
           uint64_t stream) {
  const at::NoGradGuard no_grad;
  Draws draws;
  draws.base = proposal.draw(count, seed, stream);
  const at::Device device = model.parameters().front().device();
  const at::Tensor context = model.context(input.unsqueeze(0).to(device));
  std::vector<at::Tensor> densities;
  for (const at::Tensor& base : draws.base.split(kChunk)) {
    const auto drawn = model.draw(context, base.to(device, at::kFloat));
    const at::Tensor value = drawn.value.to(at::kCPU, at::kDouble).contiguous();
    const double* row = value.const_data_ptr<double>();
    for (int64_t i = 0; i < value.size(0); ++i, row += value.size(1)) draws.values.emplace_back(row, row + value.size(1));
    densities.push_back(drawn.log_density.to(at::kCPU, at::kDouble) + model.log_uniform());
  }
  const at::Tensor density = at::cat(densities);
  draws.log_density = list_of(density);
  draws.log_proposal = list_of(density - log_standard_normal(draws.base) + proposal.log_density(draws.base));
  return draws;
}

Weighted reweight(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                  const LogPrior& log_prior, uint64_t seed, int threads) {
  Weighted result = examine(std::move(draws), likelihood, priors, log_prior, seed, threads);
  weigh_with_likelihood(result);
  return result;
}

Weighted pool(const std::vector<Weighted>& sets, const at::Tensor& log_ratio) {
  Weighted all;
  std::vector<at::Tensor> base;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const Weighted& set : sets) {
    base.push_back(set.draws.base);
    append(all.draws.values, set.draws.values);
    append(all.draws.log_density, set.draws.log_density);
    append(all.log_prior, set.log_prior);
    append(all.log_likelihood, set.log_likelihood);
    append(all.phase, set.phase);
  }
  all.draws.base = at::cat(base);
  all.draws.log_proposal = list_of(at::tensor(all.draws.log_density, at::kDouble) + log_ratio);
  weigh_with_likelihood(all);
  return all;
}

Weighted with_prior(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                    const LogPrior& log_prior, uint64_t seed, int threads) {
  return without_likelihood(examine(std::move(draws), likelihood, priors, log_prior, seed, threads), priors);
}

Weighted without_likelihood(Weighted weighted, const data::StrainPriors& priors) {
  std::vector<double> log_weight;
  for (size_t i = 0; i < weighted.log_prior.size(); ++i) {
    log_weight.push_back(weighted.log_prior[i] - priors.log_density(weighted.draws.values[i]));
  }
  normalise(weighted, std::move(log_weight));
  return weighted;
}

std::vector<int64_t> resample(const std::vector<double>& weight, int64_t count, uint64_t seed) {
  Random random(seed, kResampleStream, 0, Purpose::draw);
  const double offset = random.uniform();
  std::vector<int64_t> chosen;
  double below = 0;
  size_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double target = (static_cast<double>(i) + offset) / static_cast<double>(count);
    while (at + 1 < weight.size() && below + weight[at] <= target) below += weight[at++];
    chosen.push_back(static_cast<int64_t>(at));
  }
  return chosen;
}

}  // namespace hpcai::inference
