#include "hpcai/scaling/model/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hpcai::scaling {
namespace {

double cost(const LineFit& fit, const std::vector<FitPoint>& points) {
  double sum = 0;
  for (const FitPoint& p : points) sum += std::abs(fit.at(p.x) - p.y) / p.y;
  return sum;
}

LineFit with_residuals(LineFit fit, const std::vector<FitPoint>& points) {
  std::vector<double> residuals;
  for (const FitPoint& p : points) residuals.push_back(std::abs(fit.at(p.x) - p.y) / p.y);
  fit.worst_residual = *std::max_element(residuals.begin(), residuals.end());
  fit.median_residual = median(residuals);
  return fit;
}

}  // namespace

double median(std::vector<double> values) {
  const auto middle = values.begin() + (static_cast<long>(values.size()) - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

LineFit fit_line(const std::vector<FitPoint>& points) {
  LineFit best;
  double least = std::numeric_limits<double>::infinity();
  auto consider = [&](double intercept, double slope) {
    if (!(intercept >= 0) || !(slope >= 0) || !std::isfinite(intercept + slope)) return;
    const LineFit fit{intercept, slope};
    const double value = cost(fit, points);
    if (value < least) {
      least = value;
      best = fit;
    }
  };
  for (const FitPoint& a : points) {
    consider(a.y, 0);
    if (a.x > 0) consider(0, a.y / a.x);
    for (const FitPoint& b : points) {
      if (a.x < b.x) {
        const double slope = (b.y - a.y) / (b.x - a.x);
        consider(a.y - slope * a.x, slope);
      }
    }
  }
  return with_residuals(best, points);
}

LineFit fit_from_smallest(std::vector<FitPoint> points) {
  std::sort(points.begin(), points.end(), [](const FitPoint& a, const FitPoint& b) { return a.x < b.x; });
  const FitPoint smallest = points.front();
  std::vector<FitPoint> slopes;  // x: weight, y: slope
  double weight = 0;
  for (const FitPoint& p : points) {
    if (p.x == smallest.x) continue;
    slopes.push_back({p.x, std::max(0.0, (p.y - smallest.y) / (p.x - smallest.x))});
    weight += p.x;
  }
  std::sort(slopes.begin(), slopes.end(), [](const FitPoint& a, const FitPoint& b) { return a.y < b.y; });
  LineFit fit{smallest.y, 0};
  double below = 0;
  for (const FitPoint& slope : slopes) {
    fit.slope = slope.y;
    below += slope.x;
    if (below >= weight / 2) break;
  }
  return with_residuals(fit, points);
}

}  // namespace hpcai::scaling
