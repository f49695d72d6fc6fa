#pragma once

#include <cstdint>
#include <span>

namespace hpcai::metrics {

// Samples of one parameter; without weights, all count alike.
struct WeightedSamples {
  std::span<const double> values;
  std::span<const double> weights = {};
};

// The Jensen-Shannon divergence of two distributions (bits, 0 to 1), as comparisons of posteriors use it (LIGO-Virgo-KAGRA 2021,
// GWTC-2, appendix; Romero-Shaw et al. 2020, MNRAS 499, 3295): both are estimated on `points` even points from the least to the
// largest sample of the two, with Gaussian kernels of Scott's width, s n^(-1/5) with the weighted standard deviation s and the
// effective number of samples n (scipy.stats.gaussian_kde), and scaled to sum 1. Throws std::invalid_argument if a set has fewer
// than two different values.
double jensen_shannon_bits(const WeightedSamples& a, const WeightedSamples& b, int64_t points = 100);

}  // namespace hpcai::metrics
