#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/metrics/subsets.h"
#include "trained.h"

// The option --by of `evaluate`: the quality of the samples that share a value of a column of the table.
namespace hpcai::app {

// The subsets of trained.dataset by this column. Throws what data::sample_table(), data::sample_column() and
// metrics::subsets_of() throw.
std::vector<metrics::Subset> subsets_by(const std::string& column, const TrainedOptions& options, const Trained& trained);

// {"column", "subsets": [{"value"} and Task::measure() of the subset]}
nlohmann::json measure_subsets(const Trained& trained, const metrics::Predictions::Gathered& all, const std::string& column,
                               const std::vector<metrics::Subset>& subsets);

// The result of measure_subsets() as a table of text.
std::string subset_table(const nlohmann::json& by, const tasks::Task& task);

}  // namespace hpcai::app
