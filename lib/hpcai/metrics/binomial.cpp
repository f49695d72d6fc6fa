#include "hpcai/metrics/binomial.h"

#include <cmath>
#include <stdexcept>

namespace hpcai::metrics {
namespace {

// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's method. It converges for
// x < (a + 1) / (a + b + 2), in a number of terms that grows as sqrt(max(a, b)).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300, kEnough = 1e-16;
  constexpr int kMostTerms = 1000000;
  const auto nonzero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int term = 1; term < kMostTerms; ++term) {
    const double m = term, even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    fraction *= c * d;
    if (std::abs(c * d - 1) < kEnough) break;
  }
  return fraction;
}

// I_x(a, b)
double incomplete_beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // In long double, because the logarithms of factorials nearly cancel for many trials.
  const auto log_gamma = [](double of) { return std::lgamma(static_cast<long double>(of)); };
  const auto log_beta = static_cast<double>(log_gamma(a) + log_gamma(b) - log_gamma(a + b));
  const double factor = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta);
  if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(x, a, b) / a;
  return 1 - factor * beta_fraction(1 - x, b, a) / b;
}

}  // namespace

double beta_quantile(double probability, double a, double b) {
  double low = 0, high = 1;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high || high - low < 1e-15 * high) return middle;
    (incomplete_beta(middle, a, b) < probability ? low : high) = middle;
  }
}

Interval clopper_pearson(int64_t successes, int64_t trials, double level) {
  if (successes < 0 || successes > trials) throw std::invalid_argument("clopper_pearson: successes");
  const double right = static_cast<double>(successes), wrong = static_cast<double>(trials - successes), tail = (1 - level) / 2;
  return {successes == 0 ? 0 : beta_quantile(tail, right, wrong + 1),
          successes == trials ? 1 : beta_quantile(1 - tail, right + 1, wrong)};
}

}  // namespace hpcai::metrics
