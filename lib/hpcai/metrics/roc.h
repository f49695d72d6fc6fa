#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hpcai/metrics/classified.h"

// How well a score, the probability of a class, tells the samples of the class (positives) from the others.
namespace hpcai::metrics {

// The samples whose score is at least a threshold.
struct AtThreshold {
  double threshold = 0;
  int64_t positives = 0, negatives = 0;
};

// One entry for each different score, from the highest on. The last one holds all samples.
std::vector<AtThreshold> thresholds_of(const Classified& all, int64_t positive_class);

// The area under the ROC curve: the chance that a positive has a higher score than a negative, equal scores counting one half
// (sklearn.metrics.roc_auc_score). Nothing without positives or without negatives.
std::optional<double> roc_auc(const std::vector<AtThreshold>& thresholds);

// The sum over the thresholds of precision times gain in recall (sklearn.metrics.average_precision_score). Nothing without
// positives.
std::optional<double> average_precision(const std::vector<AtThreshold>& thresholds);

struct RocPoint {
  double false_positive_rate = 0, true_positive_rate = 0;
  double threshold = 0;  // infinite for the first point, at (0, 0)
};

// The ROC curve from (0, 0) to (1, 1) without points on the straight line between their neighbours (sklearn.metrics.roc_curve).
// Empty without positives or without negatives.
std::vector<RocPoint> roc_curve(const std::vector<AtThreshold>& thresholds);

}  // namespace hpcai::metrics
