#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/metrics/predictions.h"

namespace hpcai::tasks {

// What a report of an evaluation is made of.
struct ReportInput {
  const data::Dataset& dataset;
  const metrics::Predictions::Gathered& all;  // the predictions and the truth
  const nlohmann::json& metrics;              // of the evaluation, Task::measure() and what the command has added
  std::string subject;                        // names model and data: "test of galaxy-quickstart, step 12"
};

struct ReportFile {
  std::string name, content;
};

}  // namespace hpcai::tasks
