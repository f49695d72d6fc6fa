#include "hpcai/inference/adaptive_importance.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "hpcai/kernels/one_thread.h"

namespace hpcai::inference {
namespace {

constexpr int64_t kRounds = 25;
constexpr double kEffectiveOfDimension = 20;  // effective draws that a fit needs, for each dimension
constexpr int64_t kDrawsOfDimension = 20;     // that a round needs, for each dimension
constexpr int64_t kFittedPoints = 4000;       // of a fit; more take long and change little
constexpr uint64_t kFirstStream = 16;         // of the rounds; smaller ones have other uses
constexpr uint64_t kResampleSeed = 1;

at::Tensor tensor_of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

double effective_of(const at::Tensor& log_weight) {
  return std::exp(2 * log_weight.logsumexp(0).item<double>() - (2 * log_weight).logsumexp(0).item<double>());
}

// The draws of all rounds, as draws from the mixture of all proposals.
class Population {
 public:
  void add(Weighted round, const Proposal& proposal) {
    const at::Tensor base = round.draws.base, normal = log_standard_normal(base);
    const at::Tensor target =
        tensor_of(round.log_prior) + tensor_of(round.log_likelihood) - tensor_of(round.draws.log_density) + normal;
    proposals_.push_back({proposal, std::log(static_cast<double>(base.size(0)))});
    std::vector<at::Tensor> densities;
    for (const auto& [one, log_share] : proposals_) densities.push_back(one.log_density(base) + log_share);
    at::Tensor mixture = at::stack(densities).logsumexp(0);
    if (rounds_.empty()) {
      base_ = base, target_ = target, normal_ = normal, mixture_ = mixture;
    } else {
      const at::Tensor before = at::logaddexp(mixture_, proposal.log_density(base_) + proposals_.back().log_share);
      base_ = at::cat({base_, base});
      target_ = at::cat({target_, target});
      normal_ = at::cat({normal_, normal});
      mixture_ = at::cat({before, mixture});
    }
    rounds_.push_back(std::move(round));
  }

  // A proposal for the posterior, or for the density on the way to it from the network's on which enough draws carry the weight.
  Proposal fit() const {
    const double wanted = kEffectiveOfDimension * static_cast<double>(base_.size(1));
    double low = 0, high = 1;
    if (effective_of(log_weight(1)) >= wanted) low = 1;
    for (int i = 0; i < 20 && low < 1; ++i) {
      const double middle = (low + high) / 2;
      (effective_of(log_weight(middle)) >= wanted ? low : high) = middle;
    }
    const at::Tensor chosen_weight = log_weight(low), weight = chosen_weight.softmax(0);
    const double effective = effective_of(chosen_weight);
    if (base_.size(0) <= kFittedPoints) return Proposal::fit(base_, weight, effective);
    const at::Tensor chosen = at::tensor(resample(list_of(weight), kFittedPoints, kResampleSeed), at::kLong);
    return Proposal::fit(base_.index_select(0, chosen), at::full({kFittedPoints}, 1.0 / kFittedPoints, at::kDouble), effective);
  }

  Weighted weighted() const { return pool(rounds_, mixture_ - std::log(static_cast<double>(base_.size(0))) - normal_); }

 private:
  struct Used {
    Proposal proposal;
    double log_share;
  };

  at::Tensor log_weight(double power) const {
    const double nothing = -std::numeric_limits<double>::infinity();
    return (target_ * power + normal_ * (1 - power) - mixture_).nan_to_num(nothing, nothing, nothing);
  }

  std::vector<Weighted> rounds_;
  std::vector<Used> proposals_;
  // Of each draw, in terms of base numbers: the posterior's density but for a constant, the network's, and that of the mixture
  // times the number of draws.
  at::Tensor base_, target_, normal_, mixture_;
};

}  // namespace

AdaptedPosterior adaptive_importance(models::ConditionalDensity& model, const at::Tensor& input, int64_t count,
                                     const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                                     const LogPrior& log_prior, uint64_t seed, int threads) {
  const kernels::OneThread one_thread(true);  // a fit carries a difference in rounding on to all later draws
  uint64_t stream = kFirstStream;
  const auto sample = [&](const Proposal& proposal, int64_t draws) {
    const uint64_t phases = seed + (stream << 32);  // other phases in each round
    return reweight(draw(model, input, proposal, draws, seed, stream++), likelihood, priors, log_prior, phases, threads);
  };
  Proposal proposal(model.dimensions());
  const int64_t rounds = count / kRounds < kDrawsOfDimension * model.dimensions() ? 1 : kRounds;
  AdaptedPosterior result;
  Population population;
  for (int64_t round = 0; round < rounds; ++round) {
    if (round > 0) proposal = population.fit();
    Weighted draws = sample(proposal, count * (round + 1) / rounds - count * round / rounds);
    if (round == 0) result.network = draws;
    population.add(std::move(draws), proposal);
  }
  result.posterior = population.weighted();
  return result;
}

}  // namespace hpcai::inference
