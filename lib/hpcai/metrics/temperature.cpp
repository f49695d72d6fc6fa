#include "hpcai/metrics/temperature.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace hpcai::metrics {
namespace {

constexpr double kLeastProbability = 1e-38;

// The scores of all samples, [sample, class].
std::vector<double> scores_of(const Classified& all) {
  std::vector<double> scores;
  for (const double p : all.probability) scores.push_back(std::log(std::max(p, kLeastProbability)));
  return scores;
}

// The derivative by b = 1 / T of the mean of -ln softmax(b scores)[truth]: the mean over the samples of the score that the
// softmax expects, less that of the truth. It rises with b.
double slope(const Classified& all, const std::vector<double>& scores, double b) {
  const auto classes = static_cast<size_t>(all.classes);
  double sum = 0;
  for (size_t i = 0; i < all.truth.size(); ++i) {
    const double* score = scores.data() + i * classes;
    const double highest = *std::max_element(score, score + classes);
    double weights = 0, expected = 0;
    for (size_t c = 0; c < classes; ++c) {
      const double weight = std::exp(b * (score[c] - highest));
      weights += weight;
      expected += weight * score[c];
    }
    sum += expected / weights - score[all.truth[i]];
  }
  return sum / static_cast<double>(all.truth.size());
}

}  // namespace

std::optional<double> fit_temperature(const Classified& all) {
  if (all.samples() == 0) return std::nullopt;
  const std::vector<double> scores = scores_of(all);
  double low = 1 / kHighestTemperature, high = 1 / kLowestTemperature;
  if (slope(all, scores, low) >= 0 || slope(all, scores, high) <= 0) return std::nullopt;
  while (high / low - 1 > 1e-12) {
    const double middle = std::sqrt(low * high);
    (slope(all, scores, middle) < 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

at::Tensor with_temperature(const at::Tensor& probability, double temperature) {
  const at::Tensor scores = probability.to(at::kDouble).clamp_min(kLeastProbability).log();
  return (scores / temperature).softmax(1).to(probability.scalar_type());
}

Classified with_temperature(const Classified& all, double temperature) {
  if (all.samples() == 0) return all;
  const at::Tensor before = at::tensor(all.probability, at::kDouble).view({all.samples(), all.classes});
  const at::Tensor after = with_temperature(before, temperature).contiguous();
  Classified changed = all;
  changed.probability.assign(after.const_data_ptr<double>(), after.const_data_ptr<double>() + after.numel());
  return changed;
}

}  // namespace hpcai::metrics
