#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/table_config.h"

namespace hpcai::data {

// Fills in what of the truth a sample has: class_names, or target_names and, of labels that are 0 or 1, target_ranges. Throws
// Error{usage} unless exactly one of data.targets, data.label and data.labels is given, without a name twice.
void describe_truth(const TableConfig& config, const std::vector<std::string>& class_names, SampleSpec& spec);

// The truth of all rows: int64 [rows] class indices, or float [rows, targets]. Where `optional`, columns may be missing, and what
// is not known is kUnlabelled or NaN. Throws Error{bad_data} with line and column.
at::Tensor read_truth(const Csv& csv, const TableConfig& config, const SampleSpec& spec, bool optional);

}  // namespace hpcai::data
