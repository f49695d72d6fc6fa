#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "hpcai/inference/importance.h"

namespace hpcai::inference {

struct AdaptedPosterior {
  Weighted network;    // the first draws, from the network's own density
  Weighted posterior;  // all draws
};

// Adaptive multiple importance sampling (Cornuet et al., Scandinavian Journal of Statistics 39, 798, 2012): the network's first
// draws are weighted, a mixture of t distributions of the flow's base numbers is fitted to them, the next draws are from that
// mixture, and so on. While few draws carry the weight, the fits are to a density between the network's and the posterior. All
// draws are the answer, weighted as draws from the mixture of all proposals. Few draws are all the network's own. Arguments as
// for draw() and reweight().
AdaptedPosterior adaptive_importance(models::ConditionalDensity& model, const at::Tensor& input, int64_t count,
                                     const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                                     const LogPrior& log_prior, uint64_t seed, int threads);

}  // namespace hpcai::inference
