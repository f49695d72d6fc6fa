#pragma once

#include <span>
#include <vector>

// Statistics of weighted samples. Weights are at least 0, with a sum above 0, in any unit; an empty list stands for equal ones.
namespace hpcai {

// The q-quantiles of `values`, one for each of `q` (0 to 1): linear interpolation of the sorted values, each at the weight of
// those before it and half its own, over the whole weight. For equal weights this is numpy.quantile(method="hazen"). Throws
// std::invalid_argument without values, or if the lengths differ.
std::vector<double> weighted_quantiles(std::span<const double> values, std::span<const double> weights,
                                       std::span<const double> q);

// Kish's effective number of samples, (sum w)^2 / sum w^2: the number of equal weights whose mean has the same variance.
double effective_sample_size(std::span<const double> weights);

}  // namespace hpcai
