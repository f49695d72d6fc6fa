#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/metrics/classified.h"

// Whether the probabilities of a classification are right. The functions need at least one sample and throw
// std::invalid_argument without one.
namespace hpcai::metrics {

inline constexpr int64_t kReliabilityBins = 15;

// The samples whose certainty, the largest probability, lies above `from` and at most at `to`.
struct ReliabilityBin {
  double from = 0, to = 0;
  int64_t samples = 0, right = 0;
  double certainty = 0;  // mean; 0 without samples
};

// Bins of equal width from 0 to 1 (Guo et al. 2017, arXiv:1706.04599, section 2).
std::vector<ReliabilityBin> reliability(const Classified& all, int64_t bins = kReliabilityBins);

// The expected calibration error of the same paper: the mean over the samples of |accuracy - mean certainty| of their bin.
double expected_calibration_error(const std::vector<ReliabilityBin>& bins);

// The mean of -ln(probability of the true class), which is at least 2.2e-16 and at most 1 - 2.2e-16 (sklearn.metrics.log_loss of
// float64 probabilities).
double log_loss(const Classified& all);

// The mean of the squared differences between the probabilities and the truth (1 for the true class, 0 for the others): of two
// classes that of class 1, else the sum over the classes (sklearn.metrics.brier_score_loss). 0 is the best.
double brier_score(const Classified& all);

}  // namespace hpcai::metrics
