#pragma once

#include <filesystem>
#include <vector>

#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

// The binaries of a table with columns q, s1 and s2 among others, one a row. Throws what Csv throws; Error{bad_data} with
// file and line for a missing column, a cell that is no number, and a binary outside the waveform model's ranges.
std::vector<simulate::Binary> read_binaries_csv(const std::filesystem::path& path);

}  // namespace hpcai::data
