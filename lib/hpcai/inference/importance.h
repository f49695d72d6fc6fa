#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/data/strain/strain_priors.h"
#include "hpcai/inference/observation.h"
#include "hpcai/inference/proposal.h"
#include "hpcai/models/conditional_density.h"

namespace hpcai::inference {

// The values of a contiguous float64 tensor on the CPU.
std::vector<double> list_of(const at::Tensor& values);

// Draws of values, row by row.
struct Draws {
  at::Tensor base;                          // the numbers that the flow maps to the values, [draws, parameters], float64
  std::vector<std::vector<double>> values;  // [draw][inferred parameter]
  std::vector<double> log_density;          // the network's, of the values in their units
  std::vector<double> log_proposal;         // that of which they were drawn
};

// `count` draws of base numbers from `proposal`, mapped to values by the flow for one input of the network, [channels, length].
// The standard normal proposal gives draws from the network's own density. They depend on the weights, the input, the proposal,
// the seed and the stream alone.
Draws draw(models::ConditionalDensity& model, const at::Tensor& input, const Proposal& proposal, int64_t count, uint64_t seed,
           uint64_t stream = 0);

// Draws with weights that turn their density into the posterior (Dax et al., PRL 130, 171403, 2023).
struct Weighted {
  Draws draws;
  std::vector<double> log_prior, log_likelihood;  // of each draw; the likelihood is a ratio to noise, integrated over the phase
  std::vector<double> phase;                      // drawn from its distribution given the other parameters
  std::vector<double> weight;                     // sum 1
  double effective_samples = 0;                   // 1 / sum of the squared weights
  double efficiency = 0;                          // effective samples by draws
  double log_evidence = 0;                        // the logarithm of the evidence relative to noise alone
  double log_evidence_error = 0;
};

using LogPrior = std::function<double(const std::vector<double>&)>;

// Weights the draws by likelihood x prior / density of which they were drawn. `log_prior` gives the logarithm of the prior
// density of the inferred parameters, minus infinity outside of it. `threads` (0: all cores) share the work. Throws
// Error{bad_data} if no draw has a finite weight.
Weighted reweight(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                  const LogPrior& log_prior, uint64_t seed, int threads);

// The draws of several sets, none empty, with weights as if they came from one density: that of a value is the network's density
// times exp(log_ratio), [draws of all sets].
Weighted pool(const std::vector<Weighted>& sets, const at::Tensor& log_ratio);

// The same without the likelihood in the weights: prior / prior of the training only. The columns of the likelihood are filled.
Weighted with_prior(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                    const LogPrior& log_prior, uint64_t seed, int threads);

// The same draws with the weights of with_prior().
Weighted without_likelihood(Weighted weighted, const data::StrainPriors& priors);

// Numbers of draws, chosen in proportion to their weights by systematic resampling: [count].
std::vector<int64_t> resample(const std::vector<double>& weight, int64_t count, uint64_t seed);

}  // namespace hpcai::inference
