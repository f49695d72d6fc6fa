#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hpcai::metrics {

// Keys of results: over all labels, and "_each" of each label by name.
inline constexpr const char *kMeanAveragePrecisionKey = "mean_average_precision", *kF1MacroKey = "f1_macro",
                            *kAucMacroKey = "auc_macro";

// The quality of the probabilities [n, labels] of labels [n, labels], 0 or 1, with these names: {"average_precision_each": {name:
// ..}, "f1_each": {name: ..}, "auc_each": {name: ..}} and their means over the labels {"mean_average_precision", "f1_macro",
// "auc_macro"}. As scikit-learn's average_precision_score, roc_auc_score, and f1_score for probabilities of at least 0.5. A
// number is null, and not in the mean, where it is not defined: the AUC and the average precision without a row of either kind,
// F1 without a row that has the label or is predicted to. Rows with a NaN label do not count.
nlohmann::json multilabel_quality(const std::vector<std::string>& names, const at::Tensor& probability, const at::Tensor& target);

}  // namespace hpcai::metrics
