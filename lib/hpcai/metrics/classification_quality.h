#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/metrics/binomial.h"
#include "hpcai/metrics/classified.h"

namespace hpcai::metrics {

// Keys of the result.
inline constexpr const char *kAccuracyLowKey = "accuracy_low", *kAccuracyHighKey = "accuracy_high", *kRocAucKey = "roc_auc",
                            *kLogLossKey = "log_loss", *kCalibrationErrorKey = "ece";

// The counts [true class][predicted class] of `classes` classes.
std::vector<std::vector<int64_t>> confusion_of(const Classified& all, size_t classes);

// The quality of a classification. A ratio of nothing (such as the recall of a class without samples) is null, and a mean over
// the classes leaves it out (sklearn's zero_division=nan). All intervals are those of Clopper and Pearson at 95 %.
//   {"samples", "accuracy", "accuracy_low", "accuracy_high", "confusion" (rows: true class, columns: predicted class),
//    "precision", "recall", "f1" of class 1 (two classes only), "macro_precision", "macro_recall", "macro_f1",
//    "roc_auc", "average_precision": of two classes those of class 1, else the mean over the classes, each against the rest,
//    "log_loss", "brier", "ece" (see reliability.h; 15 bins), "certain_half_accuracy": of the more certain half of the samples,
//    "classes": [{"name", "support" (samples of the class), "predicted" (as the class), "precision", "precision_low",
//                 "precision_high", "recall", "recall_low", "recall_high", "f1", "roc_auc", "average_precision"}]}
nlohmann::json classification_quality(const Classified& all, const std::vector<std::string>& names);

// Number of samples in `part` tenths of `samples`, rounded up.
int64_t tenths(int64_t samples, int64_t part);

// {"samples", "right", "accuracy", "accuracy_low", "accuracy_high", "least_certainty"}
nlohmann::json kept_json(const Kept& kept);

// null for nothing.
nlohmann::json value_or_null(const std::optional<double>& value);

}  // namespace hpcai::metrics
