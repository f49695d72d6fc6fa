#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hpcai::metrics {

// A prediction that is taken for a label.
struct CertainPrediction {
  int64_t row = 0;
  int64_t label = 0;
  double probability = 0;  // of the label
};

// For each class the `per_class` rows that are assigned to it with the largest probabilities, or all of them if there are fewer;
// of equal ones the first. probabilities [sample, class], on the CPU. In the order of the rows.
std::vector<CertainPrediction> most_certain(const at::Tensor& probabilities, int64_t per_class);

}  // namespace hpcai::metrics
