#pragma once

#include <cstdint>

namespace hpcai::metrics {

struct Interval {
  double low = 0, high = 1;
};

// The exact interval of Clopper and Pearson (1934, Biometrika 26, 404) for the chance of a success of which `successes` of
// `trials` were seen. It holds the true chance in at least the part `level` of all cases. The ends are quantiles of beta
// distributions: scipy.stats.binomtest(successes, trials).proportion_ci(level, "exact"). 0 to 1 without trials. Throws
// std::invalid_argument for a number of successes outside 0 to `trials`.
Interval clopper_pearson(int64_t successes, int64_t trials, double level = 0.95);

// The x from 0 to 1 at which the regularised incomplete beta function I_x(a, b) is `probability`; a, b > 0:
// scipy.stats.beta.ppf(probability, a, b).
double beta_quantile(double probability, double a, double b);

}  // namespace hpcai::metrics
