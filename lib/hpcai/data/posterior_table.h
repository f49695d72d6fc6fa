#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_writer.h"

namespace hpcai::data {

// Samples of a posterior distribution.
struct PosteriorTable {
  // Numbers of each sample beside its parameters, such as weights or log_likelihood, the names that PESummary knows.
  struct Column {
    std::string name;
    std::vector<double> values;  // [samples]
  };
  std::vector<std::string> parameters;
  std::vector<double> samples;        // [samples, parameters], at least one sample
  std::vector<Column> columns;        // may be empty
  std::vector<double> prior_samples;  // [prior samples, parameters]; may be empty
  std::vector<NamedAttribute> metadata;
};

// CSV text with one column for each parameter and each further column, whose names are the first line. The numbers have the
// digits that restore them exactly. Neither prior samples nor metadata are in it.
std::string posterior_csv(const PosteriorTable& table);

// HDF5 in the layout that PESummary reads and writes: posterior_samples [samples], a compound of one float64 for each parameter
// and further column; where there are prior samples prior_samples, a compound of the parameters; the metadata, and generator and
// version, as attributes of the file. Throws Error{cannot_write}; nothing is left behind then.
void write_posterior_hdf5(const std::filesystem::path& path, const PosteriorTable& table);

}  // namespace hpcai::data
