#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/svg.h"
#include "hpcai/metrics/classified.h"

// Figures of a classification with at least one sample. `names`: of the classes. `subject` names model and data.
namespace hpcai::metrics {

// The ROC curves: of class 1 of two classes, else of each class against the rest, at most seven, those with the smallest areas.
draw::Canvas roc_figure(const Classified& all, const std::vector<std::string>& names, const std::string& subject);

// Accuracy against mean certainty in 15 bins with 95 % intervals, and the part of the samples in each bin.
draw::Canvas reliability_figure(const Classified& all, const std::string& subject);

// The accuracy of the most certain part of the samples against that part, with its 95 % interval.
draw::Canvas certainty_figure(const Classified& all, const std::string& subject);

// The counts of true and predicted classes, each with its part of the true class and that part's 95 % interval; of more than 12
// classes the 12 with the most mistakes.
draw::Canvas confusion_figure(const Classified& all, const std::vector<std::string>& names, const std::string& subject);

}  // namespace hpcai::metrics
