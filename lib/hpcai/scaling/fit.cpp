#include "hpcai/scaling/fit.h"

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
  std::vector<double> residuals;
  for (const FitPoint& p : points) residuals.push_back(std::abs(best.at(p.x) - p.y) / p.y);
  best.worst_residual = *std::max_element(residuals.begin(), residuals.end());
  best.median_residual = median(residuals);
  return best;
}

}  // namespace hpcai::scaling
