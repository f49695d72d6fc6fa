#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpcai::metrics {

// The samples that share a value.
struct Subset {
  std::string value;          // "spiral", "0.12 to 0.34"
  std::vector<int64_t> rows;  // positions of the samples, rising
};

// Groups samples by `values`, one text for each sample; "" stands for a missing value. Numbers of more than 8 different values
// are cut at their quartiles (numpy.quantile of 0.25, 0.5, 0.75): a subset holds the values above the cut before it and up to its
// own cut; a subset without samples is left out. Else each value is a subset, in the order of numbers or of the alphabet. Missing
// values come last. Throws Error{usage} that names `column` for more than 50 different texts.
std::vector<Subset> subsets_of(const std::vector<std::string>& values, const std::string& column);

}  // namespace hpcai::metrics
