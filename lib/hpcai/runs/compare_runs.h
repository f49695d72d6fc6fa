#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/core/json.h"
#include "hpcai/runs/read_run.h"

namespace hpcai::runs {

// What differs between two runs in one respect.
struct PartDifference {
  struct Row {
    std::string key;
    nlohmann::json before, after;  // null for what a run does not have
  };
  std::string part;  // "settings", "data", "code", "machines", "results"
  std::vector<Row> differences;
  int64_t equal = 0;  // keys with equal values
};

// Compares two runs in the order in which one difference causes the next: settings, data, code, machines, results.
std::vector<PartDifference> compare_runs(const Run& a, const Run& b);

// "+3.2 %" from one number to another, relative to the first; empty if one is no number, or the first is 0.
std::string relative_change(const nlohmann::json& before, const nlohmann::json& after);

// Returns the keys of the settings in which the runs are not all equal, in the order of the first run that has them, without
// those for which `ignore` is true.
std::vector<std::string> differing_settings(const std::vector<Run>& runs, const std::function<bool(const std::string&)>& ignore);

// Returns the metric by which runs are ordered unless a person names another: "validation.accuracy"; empty if no run has one.
std::string usual_metric(const std::vector<Run>& runs);

// Returns the number of the run with the best value of a metric; -1 if no run has a number there, or if it is not known whether a
// higher value is better.
int64_t best_run(const std::vector<Run>& runs, const std::string& metric);

}  // namespace hpcai::runs
