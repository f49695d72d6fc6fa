#include "hpcai/data/triangle_filter.h"

#include <algorithm>
#include <cmath>

namespace hpcai::data {

TriangleFilter::TriangleFilter(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(1.0, scale);
  taps = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  weights.resize(static_cast<size_t>(to * taps), 0.0F);
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t begin = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t end = std::min(from, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> shares;
    double sum = 0;
    for (int64_t j = begin; j < end; ++j) {
      shares.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(j) + 0.5 - centre) / support)));
      sum += shares.back();
    }
    first.push_back(begin);
    for (size_t j = 0; j < shares.size(); ++j) weights[static_cast<size_t>(i * taps) + j] = static_cast<float>(shares[j] / sum);
  }
}

}  // namespace hpcai::data
