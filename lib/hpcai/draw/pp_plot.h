#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// The ranks of one parameter's true values in their posteriors: the part of each posterior below the truth.
struct PpRanks {
  std::string name;
  std::vector<double> ranks;  // 0 to 1
  double p_value = 0;         // of the Kolmogorov-Smirnov test that they are uniform
};

struct PpPlot {
  std::string title, subtitle, description;  // the description is read to those who cannot see the picture
  std::vector<PpRanks> parameters;           // all with the same number of ranks
};

// For each parameter the fraction of events whose truth lies in a credible interval against the interval's credibility, above the
// 68, 95 and 99.7 % ranges of a binomial distribution: what right posteriors show. Throws Error{usage} without parameters or for
// more than 16; Error{bad_data} that names the parameter if it has no ranks, another number of them than the first, or one beyond
// 0 and 1.
Canvas draw_pp_plot(const PpPlot& plot);

// The least k with P(at most k of `count` events) >= `probability`, where each has the chance `chance` (0 to 1):
// scipy.stats.binom.ppf.
int64_t binomial_quantile(double probability, int64_t count, double chance);

}  // namespace hpcai::draw
