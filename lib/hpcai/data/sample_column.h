#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {

// A table that lists the samples of a data set.
struct SampleTable {
  std::filesystem::path path;
  std::string id_column;  // with the ids of the samples; empty: they are the numbers of the lines
  bool ids_are_files = true;
};

// The table of a split of the section `data`, or of new samples `input` (see open_input) if it is not empty. Throws Error{usage}
// if these data have no table.
SampleTable sample_table(const DataConfig& config, Split split, const std::filesystem::path& input);

// The cell of `column` for each sample, in the order of the data set; "" for a missing value. The row of a sample is the one with
// its id. Throws what Csv throws, and Error{bad_data} if a sample has no row.
std::vector<std::string> sample_column(const SampleTable& table, const std::string& column, const Dataset& dataset);

}  // namespace hpcai::data
