#include "hpcai/core/weighted.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace hpcai {

std::vector<double> weighted_quantiles(std::span<const double> values, std::span<const double> weights,
                                       std::span<const double> q) {
  if (values.empty() || (!weights.empty() && weights.size() != values.size())) {
    throw std::invalid_argument("weighted_quantiles: values and weights do not agree");
  }
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> middle;  // of each value's part of the weight
  double total = 0;
  for (const size_t i : order) {
    const double weight = weights.empty() ? 1 : weights[i];
    middle.push_back(total + weight / 2);
    total += weight;
  }
  std::vector<double> quantiles;
  for (const double part : q) {
    const double wanted = part * total;
    const auto above = static_cast<size_t>(std::ranges::lower_bound(middle, wanted) - middle.begin());
    const double high = values[order[std::min(above, order.size() - 1)]];
    if (above == 0 || above == order.size()) {
      quantiles.push_back(high);
      continue;
    }
    const double low = values[order[above - 1]];
    quantiles.push_back(low + (wanted - middle[above - 1]) / (middle[above] - middle[above - 1]) * (high - low));
  }
  return quantiles;
}

double effective_sample_size(std::span<const double> weights) {
  double sum = 0, squares = 0;
  for (const double weight : weights) {
    sum += weight;
    squares += weight * weight;
  }
  return sum * sum / squares;
}

}  // namespace hpcai
