#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hpcai::inference {

// The nearest other points of each point, in rising order of their distance; of equal distances the lower number comes first.
struct Neighbours {
  int64_t count = 0;                     // of each point
  std::vector<int64_t> index;            // [point, count]
  std::vector<double> squared_distance;  // [point, count], Euclidean
};

// The `count` nearest neighbours of each of the points [n, values] by exact search: n^2 values operations. The result is the same
// for any number of threads. Throws std::invalid_argument unless 0 < count < n.
Neighbours nearest_neighbours(const at::Tensor& points, int64_t count);

}  // namespace hpcai::inference
