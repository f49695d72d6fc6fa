#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/data/predictions.h"
#include "hpcai/tasks/report.h"

namespace hpcai::tasks {

// The names of the files of a classification's report.
std::vector<std::string> classification_report_files();

// The report on class probabilities [sample, class]: classification.json (all numbers), report.md (tables), predictions.csv, the
// figures roc.svg, reliability.svg, certainty.svg, confusion.svg, and mistakes.svg, a contact sheet of the most certain mistakes.
// `table`: Task::table() of the predictions, without ids. Throws Error{bad_data} if no sample has a label, and what reading the
// images throws.
std::vector<ReportFile> classification_report(const ReportInput& input, data::PredictionTable table);

}  // namespace hpcai::tasks
