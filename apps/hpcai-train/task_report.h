#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "trained.h"

namespace hpcai::app {

// Writes the files of Task::report() into `folder`. `metrics`: of the evaluation, with what the command has added. `subject`
// names model and data. Throws what the report throws, and Error{cannot_write}.
void write_task_report(const Trained& trained, const metrics::Predictions::Gathered& all, const nlohmann::json& metrics,
                       const std::string& subject, const std::string& folder);

}  // namespace hpcai::app
