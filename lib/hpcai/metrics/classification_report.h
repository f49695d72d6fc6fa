#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/metrics/classified.h"

namespace hpcai::metrics {

// The predictions of a classification, sample by sample. At least one sample.
struct ClassificationResult {
  std::vector<std::string> names;  // of the classes
  std::vector<std::string> ids;    // of the samples
  Classified all;
};

inline constexpr int64_t kMostMistakes = 24;

// The wrong samples, the most certain first, at most kMostMistakes.
std::vector<int64_t> certain_mistakes(const Classified& all);

// The tables beside classification_quality():
//   {"reliability": [{"from", "to", "samples", "certainty" (mean), "accuracy", "accuracy_low", "accuracy_high"}], 15 bins,
//    "certainty": kept_json() of the most certain 10 %, 20 %, ... 100 %, each with "part",
//    "temperature": {"value" (null if these samples determine none), "log_loss_before", "log_loss_after", "ece_before",
//                    "ece_after"}, fitted on these samples,
//    "roc": [{"class", "false_positive_rate", "true_positive_rate"}]: of class 1, or of each of at most 20 classes; curves of
//    more
//           than 200 points are thinned,
//    "mistakes": certain_mistakes() as [{"id", "true", "predicted", "probability", "probability_of_true"}]}
nlohmann::json classification_tables(const ClassificationResult& result);

// classification_quality() and classification_tables(), merged into `report`, as Markdown. Tables that `report` has beyond these
// are added: "by" (subsets of the samples), "most_certain", "calibration". `subject` names model and data.
std::string classification_markdown(const nlohmann::json& report, const std::string& subject);

}  // namespace hpcai::metrics
