#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/data/strain/strain_priors.h"
#include "hpcai/inference/observation.h"
#include "hpcai/models/conditional_density.h"

namespace hpcai::inference {

// Draws from the density that a network gives, row by row.
struct Draws {
  std::vector<std::vector<double>> values;  // [draw][inferred parameter]
  std::vector<double> log_density;          // the network's, of the values in their units
};

// `count` draws for one input of the network, [channels, length]. They depend on the weights, the input and the seed alone.
Draws draw(models::ConditionalDensity& model, const at::Tensor& input, int64_t count, uint64_t seed);

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

// Weights the draws by likelihood x prior / network's density. `log_prior` gives the logarithm of the prior density of the
// inferred parameters, minus infinity outside of it. `threads` (0: all cores) share the work. Throws Error{bad_data} if no draw
// has a finite weight.
Weighted reweight(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                  const LogPrior& log_prior, uint64_t seed, int threads);

// The same without the likelihood in the weights: prior / prior of the training only. The columns of the likelihood are filled.
Weighted with_prior(Draws draws, const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                    const LogPrior& log_prior, uint64_t seed, int threads);

// The same draws with the weights of with_prior().
Weighted without_likelihood(Weighted weighted, const data::StrainPriors& priors);

// Numbers of draws, chosen in proportion to their weights by systematic resampling: [count].
std::vector<int64_t> resample(const std::vector<double>& weight, int64_t count, uint64_t seed);

}  // namespace hpcai::inference
