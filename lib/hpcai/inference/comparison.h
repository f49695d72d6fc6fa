#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/data/posterior_table.h"

namespace hpcai::inference {

// How much the distribution of one parameter differs between two posteriors.
struct Difference {
  std::string parameter;
  double bits = 0;  // Jensen-Shannon divergence (metrics/divergence.h)
  double reference_median = 0;
};

// Compares `table` with the samples of another program in a table of text with a header (data/tables/csv.h): all parameters that
// both have and that vary in both. A column `weight` or `weights` weighs the samples. Throws Error{bad_data} for cells that are
// not numbers, weights below 0 or of sum 0, and if no parameter is common, and what data::Csv throws.
std::vector<Difference> differences(const data::PosteriorTable& table, const std::filesystem::path& reference);

}  // namespace hpcai::inference
