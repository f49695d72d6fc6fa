#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hpcai/core/json.h"
#include "hpcai/runs/read_run.h"

// What is known about a run by one name: in filters, columns and comparisons.
namespace hpcai::runs {

// Returns the value under a key, null if the run has none:
//
//   run, status, started, host, steps, time_s   the folder, the state (RunState), the last start, ...
//   optimizer.lr, training.stages[0].epochs     a setting
//   validation.accuracy, test.loss, ...         a number of summary.json; of a run without one, of its last evaluation
//   environment.cpu, progress.loss              a value of environment.json or of status.json
nlohmann::json fact_of(const Run& run, const std::string& key);

// The same for a key with "[]" for all positions of a list: every value.
std::vector<nlohmann::json> facts_of(const Run& run, const std::string& key);

// Returns the evaluation of the validation split that stands in the summary, else the last one; null if there is none.
nlohmann::json validation_of(const Run& run);

// Returns the keys of all numbers, texts and truth values in a run's summary: "validation.accuracy".
std::vector<std::string> result_keys(const Run& run);

// Returns the keys that every run has: "run", "status", ...
std::vector<std::string> general_keys();

// Returns the value under a path of keys, "step_time.compute_s"; null if there is none.
nlohmann::json at_path(const nlohmann::json& object, std::string_view path);

// Returns the value as a person reads it: four significant digits of a number, a text without quotes, "-" for null.
std::string shown_value(const nlohmann::json& value);

}  // namespace hpcai::runs
