#include "hpcai/inference/embedding/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/one_thread.h"

namespace hpcai::inference {
namespace {

constexpr int64_t kSearchedRows = 256;    // whose distances to all points are held at once
constexpr int64_t kSpareNeighbours = 16;  // candidates beyond the wanted ones, because of the rounding of the first search

double squared_distance_of(const double* a, const double* b, int64_t values) {
  double sum = 0;
  for (int64_t v = 0; v < values; ++v) sum += (a[v] - b[v]) * (a[v] - b[v]);
  return sum;
}

// The numbers of the points that are nearest to the rows, unsorted, the row itself among them: [rows, candidates]. A product of
// matrices gives the distances up to rounding.
at::Tensor candidates_of(const at::Tensor& points, const at::Tensor& squares, int64_t first, int64_t rows, int64_t candidates) {
  at::Tensor products;
  {
    const kernels::OneThread one_thread(true);
    products = points.narrow(0, first, rows).mm(points.t());
  }
  return std::get<1>((squares - 2 * products).topk(candidates, 1, /*largest=*/false, /*sorted=*/false)).contiguous();
}

}  // namespace

Neighbours nearest_neighbours(const at::Tensor& points, int64_t count) {
  const int64_t n = points.size(0), values = points.size(1);
  if (count < 1 || count >= n) throw std::invalid_argument("nearest_neighbours: count is not between 1 and the points");
  at::Tensor centred = points.detach().to(at::kCPU, at::kDouble);
  centred = (centred - centred.mean(0, /*keepdim=*/true)).contiguous();
  const at::Tensor squares = centred.square().sum(1);
  const double* const at_point = centred.const_data_ptr<double>();
  const int64_t candidates = std::min(n, count + 1 + kSpareNeighbours);

  Neighbours found;
  found.count = count;
  found.index.resize(static_cast<size_t>(n * count));
  found.squared_distance.resize(static_cast<size_t>(n * count));
  for (int64_t first = 0; first < n; first += kSearchedRows) {
    const int64_t rows = std::min(kSearchedRows, n - first);
    const at::Tensor near = candidates_of(centred, squares, first, rows, candidates);
    const int64_t* const near_index = near.const_data_ptr<int64_t>();
    for_pieces(rows, [&](int64_t row) {
      const int64_t point = first + row;
      std::vector<std::pair<double, int64_t>> sorted;
      for (const int64_t* other = near_index + row * candidates; other < near_index + (row + 1) * candidates; ++other) {
        if (*other == point) continue;
        sorted.emplace_back(squared_distance_of(at_point + point * values, at_point + *other * values, values), *other);
      }
      std::ranges::sort(sorted);
      for (int64_t k = 0; k < count; ++k) {
        const auto& [distance, other] = sorted[static_cast<size_t>(k)];
        found.squared_distance[static_cast<size_t>(point * count + k)] = distance;
        found.index[static_cast<size_t>(point * count + k)] = other;
      }
    });
  }
  return found;
}

}  // namespace hpcai::inference
