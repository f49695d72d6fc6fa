#pragma once

#include <vector>

namespace hpcai::scaling {

struct FitPoint {
  double x = 0, y = 0;
};

// y = intercept + slope x
struct LineFit {
  double intercept = 0, slope = 0;
  double worst_residual = 0;   // largest |fit - y| / y over the points
  double median_residual = 0;  // median of the same

  double at(double x) const { return intercept + slope * x; }
};

// The line with intercept >= 0 and slope >= 0 that minimises the sum of |fit - y| / y (least absolute deviations, Boscovich
// 1757). One bad measurement among many does not move it. An optimal line goes through two points, or through one point with
// intercept or slope zero; the function tries all of these. Needs at least one point, and y > 0.
LineFit fit_line(const std::vector<FitPoint>& points);

// A line for the times of exchanges (x: bytes, y: seconds). The intercept is the y of the point with the smallest x. The slope is
// the median of the slopes from that point to each other point, weighted with the x of the other point. So the large exchanges,
// which dominate the time of a step, determine the slope, and one bad measurement of a smaller exchange does not change it.
// fit_line() would follow the small messages, which a traffic shaper lets through faster. Needs at least one point.
LineFit fit_from_smallest(std::vector<FitPoint> points);

// The median; for an even count the lower of the two middle values. Needs at least one value.
double median(std::vector<double> values);

}  // namespace hpcai::scaling
