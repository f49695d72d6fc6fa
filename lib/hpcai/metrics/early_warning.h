#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"
#include "hpcai/metrics/classified.h"

// How well the probabilities of a label for each time step warn of events. A sequence with the label in any step has an event, at
// the last of these steps. An alarm is a step whose probability reaches a threshold. It is true if it comes at least
// `warning_steps` before the event, and false if its sequence has no event.
namespace hpcai::metrics {

inline constexpr const char* kWarningAucKey = "early_warning_auc";

// What the sequences say about one label.
struct Warnings {
  // Of each sequence: two classes, 1 for an event. Its score, the probability of class 1, is the largest probability in the steps
  // where an alarm would count; 0 for an event that comes too early for any.
  Classified sequences;
  // Of each sequence with an event, how many steps before the event each rise to a new largest probability comes:
  // {probability, steps before}, by rising probability.
  std::vector<std::vector<std::pair<double, int64_t>>> rises;
};

// index: the sequence of each row, rows of one sequence in the order of time; probability and target [row]. Steps whose target is
// NaN do not count.
Warnings warnings_of(const std::vector<int64_t>& index, const at::Tensor& probability, const at::Tensor& target,
                     int64_t warning_steps);

// Of labels with these names, probability and target [row, label]: {"early_warning_auc_each": {name: ..}, "early_warning_auc"}:
// the area under the curve of true alarms (part of the events) against false ones (part of the sequences without event), and its
// mean over the labels; null where there are no events, or nothing else.
nlohmann::json warning_quality(const std::vector<std::string>& names, const std::vector<int64_t>& index,
                               const at::Tensor& probability, const at::Tensor& target, int64_t warning_steps);

// The files of a report on the same, by name: early_warning.json, early_warning.md and early_warning.svg.
struct WarningReport {
  nlohmann::json numbers;
  std::string tables;
  draw::Canvas figure;
};
// `subject` names model and data. Throws Error{bad_data} if no label has both sequences with an event and without.
WarningReport warning_report(const std::vector<std::string>& names, const std::vector<int64_t>& index,
                             const at::Tensor& probability, const at::Tensor& target, int64_t warning_steps,
                             const std::string& subject);

}  // namespace hpcai::metrics
