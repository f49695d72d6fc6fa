#pragma once

#include <cstdint>
#include <span>

// The one-sample Kolmogorov-Smirnov test, two-sided, of values that are uniform between 0 and 1 if the hypothesis is true, such
// as the ranks of true parameters in their posteriors.
namespace hpcai::metrics {

// The largest distance between the values' empirical distribution function and that of the uniform distribution. Throws
// std::invalid_argument without values.
double ks_distance(std::span<const double> values);

// The probability that the distance of `count` uniform values is at least `distance`. Exact up to 1,000 values (Marsaglia, Tsang
// and Wang 2003, J. Stat. Softw. 8, 18) and for small probabilities (Smirnov 1944, within 1e-10); between these the expansion of
// Pelz and Good (1976, J. R. Stat. Soc. B 38, 152), within 1e-6.
double ks_probability(double distance, int64_t count);

// ks_probability of the values' ks_distance: scipy.stats.kstest(values, "uniform").pvalue.
double ks_p_value(std::span<const double> values);

}  // namespace hpcai::metrics
