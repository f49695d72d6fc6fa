#include "hpcai/runs/report/thin.h"

#include <algorithm>
#include <cmath>

namespace hpcai::runs::report {
namespace {

std::vector<size_t> finite_points(std::span<const double> values) {
  std::vector<size_t> points;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) points.push_back(i);
  }
  return points;
}

}  // namespace

std::vector<size_t> thin(std::span<const double> values, size_t buckets) {
  const std::vector<size_t> points = finite_points(values);
  buckets = std::max<size_t>(buckets, 1);
  if (points.size() <= 2 * buckets + 2) return points;
  std::vector<size_t> kept = {points.front(), points.back()};
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(bucket * points.size() / buckets);
    const auto end = points.begin() + static_cast<std::ptrdiff_t>((bucket + 1) * points.size() / buckets);
    const auto [least, greatest] = std::minmax_element(begin, end, [&](size_t a, size_t b) { return values[a] < values[b]; });
    kept.push_back(*least);
    kept.push_back(*greatest);
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

}  // namespace hpcai::runs::report
