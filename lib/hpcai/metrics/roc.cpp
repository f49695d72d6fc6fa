#include "hpcai/metrics/roc.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hpcai::metrics {

std::vector<AtThreshold> thresholds_of(const Classified& all, int64_t positive_class) {
  std::vector<std::pair<double, bool>> samples;  // score, whether it is a positive
  for (int64_t i = 0; i < all.samples(); ++i) {
    samples.emplace_back(all.row(i)[static_cast<size_t>(positive_class)], all.truth[static_cast<size_t>(i)] == positive_class);
  }
  std::ranges::sort(samples, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<AtThreshold> thresholds;
  for (const auto& [score, positive] : samples) {
    if (thresholds.empty() || thresholds.back().threshold != score) {
      AtThreshold next = thresholds.empty() ? AtThreshold{} : thresholds.back();
      next.threshold = score;
      thresholds.push_back(next);
    }
    ++(positive ? thresholds.back().positives : thresholds.back().negatives);
  }
  return thresholds;
}

std::optional<double> roc_auc(const std::vector<AtThreshold>& thresholds) {
  if (thresholds.empty() || thresholds.back().positives == 0 || thresholds.back().negatives == 0) return std::nullopt;
  double area = 0;  // in pairs of a positive and a negative
  AtThreshold before;
  for (const AtThreshold& now : thresholds) {
    area += 0.5 * static_cast<double>(now.negatives - before.negatives) * static_cast<double>(now.positives + before.positives);
    before = now;
  }
  return area / static_cast<double>(before.positives) / static_cast<double>(before.negatives);
}

std::optional<double> average_precision(const std::vector<AtThreshold>& thresholds) {
  if (thresholds.empty() || thresholds.back().positives == 0) return std::nullopt;
  double sum = 0;
  int64_t before = 0;
  for (const AtThreshold& now : thresholds) {
    const double precision = static_cast<double>(now.positives) / static_cast<double>(now.positives + now.negatives);
    sum += static_cast<double>(now.positives - before) * precision;
    before = now.positives;
  }
  return sum / static_cast<double>(before);
}

std::vector<RocPoint> roc_curve(const std::vector<AtThreshold>& thresholds) {
  if (!roc_auc(thresholds)) return {};
  const AtThreshold& all = thresholds.back();
  std::vector<RocPoint> curve{{0, 0, std::numeric_limits<double>::infinity()}};
  for (size_t i = 0; i < thresholds.size(); ++i) {
    const AtThreshold& now = thresholds[i];
    if (i > 0 && i + 1 < thresholds.size()) {
      const AtThreshold &before = thresholds[i - 1], &after = thresholds[i + 1];
      if (after.positives - now.positives == now.positives - before.positives &&
          after.negatives - now.negatives == now.negatives - before.negatives)
        continue;
    }
    curve.push_back({static_cast<double>(now.negatives) / static_cast<double>(all.negatives),
                     static_cast<double>(now.positives) / static_cast<double>(all.positives), now.threshold});
  }
  return curve;
}

}  // namespace hpcai::metrics
