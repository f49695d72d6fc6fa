#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hpcai/data/posterior_table.h"

namespace hpcai::inference {

// The samples of another program.
struct ReferencePosterior {
  std::string name;                                    // of the file, for people
  std::map<std::string, std::vector<double>> columns;  // of the parameters that vary
  std::vector<double> weights;                         // of the samples, with the largest 1; empty: all alike
};

// Reads a table of text with a header (data/tables/csv.h): the columns of `parameters`, and `weight` or `weights`. Samples of
// weight 0 are left out. Throws Error{bad_data} for cells that are not finite numbers, weights below 0, and if none of the
// parameters is there and varies, and what data::Csv throws.
ReferencePosterior read_reference(const std::filesystem::path& path, const std::vector<std::string>& parameters);

// How much the distribution of one parameter differs between two posteriors.
struct Difference {
  std::string parameter;
  double bits = 0;  // Jensen-Shannon divergence (metrics/divergence.h)
  double reference_median = 0;
};

// Compares the parameters of `table` that vary in it with those of the reference.
std::vector<Difference> differences(const data::PosteriorTable& table, const ReferencePosterior& reference);

}  // namespace hpcai::inference
