#include "hpcai/metrics/divergence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "hpcai/core/weighted.h"

namespace hpcai::metrics {
namespace {

struct Grid {
  double low, high;
  int64_t points;

  int64_t nearest(double value) const { return std::llround((value - low) / (high - low) * static_cast<double>(points - 1)); }
  double at(int64_t i) const { return low + (high - low) * static_cast<double>(i) / static_cast<double>(points - 1); }
};

// Densities at the grid's points, with sum 1.
std::vector<double> estimate(const WeightedSamples& samples, const Grid& grid) {
  const std::vector<double> equal(samples.weights.empty() ? samples.values.size() : 0, 1.0);
  const std::span<const double> weights = samples.weights.empty() ? std::span<const double>(equal) : samples.weights;
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double effective = effective_sample_size(weights);
  double mean = 0, squares = 0;
  for (size_t i = 0; i < weights.size(); ++i) mean += weights[i] / total * samples.values[i];
  for (size_t i = 0; i < weights.size(); ++i) squares += weights[i] / total * std::pow(samples.values[i] - mean, 2);
  const double variance = squares / (1 - 1 / effective);  // without bias
  if (!(variance > 0) || !std::isfinite(variance)) throw std::invalid_argument("jensen_shannon_bits: a set has only one value");
  const double width = std::sqrt(variance) * std::pow(effective, -0.2);
  std::vector<double> density(static_cast<size_t>(grid.points), 0);
  for (int64_t k = 0; k < grid.points; ++k) {
    for (size_t i = 0; i < weights.size(); ++i) {
      const double away = (grid.at(k) - samples.values[i]) / width;
      density[static_cast<size_t>(k)] += weights[i] * std::exp(-0.5 * away * away);
    }
  }
  double sum = std::accumulate(density.begin(), density.end(), 0.0);
  if (sum == 0) {  // all kernels are far narrower than a step of the grid
    for (size_t i = 0; i < weights.size(); ++i) density[static_cast<size_t>(grid.nearest(samples.values[i]))] += weights[i];
    sum = total;
  }
  for (double& value : density) value /= sum;
  return density;
}

}  // namespace

double jensen_shannon_bits(const WeightedSamples& a, const WeightedSamples& b, int64_t points) {
  for (const WeightedSamples* set : {&a, &b}) {
    if (set->values.empty() || (!set->weights.empty() && set->weights.size() != set->values.size())) {
      throw std::invalid_argument("jensen_shannon_bits: values and weights do not agree");
    }
  }
  const auto [low_a, high_a] = std::ranges::minmax(a.values);
  const auto [low_b, high_b] = std::ranges::minmax(b.values);
  const Grid grid{std::min(low_a, low_b), std::max(high_a, high_b), points};
  const std::vector<double> first = estimate(a, grid), second = estimate(b, grid);
  const auto entropy = [](double value, double mean) { return value > 0 ? 0.5 * value * std::log2(value / mean) : 0.0; };
  double divergence = 0;
  for (size_t k = 0; k < first.size(); ++k) {
    const double mean = 0.5 * (first[k] + second[k]);
    divergence += entropy(first[k], mean) + entropy(second[k], mean);
  }
  return divergence;
}

}  // namespace hpcai::metrics
