#pragma once

#include <vector>

namespace hpcai::scaling {

struct FitPoint {
  double x = 0, y = 0;
};

// y = intercept + slope x
struct LineFit {
  double intercept = 0, slope = 0;
  double worst_residual = 0;   // largest |fit - y| / y of all points
  double median_residual = 0;  // their median

  double at(double x) const { return intercept + slope * x; }
};

// The line of least sum of |fit - y| / y, with intercept and slope not negative: one bad measurement among many does not move it
// (least absolute deviations, Boscovich 1757). Some best line goes through two of the points, or through one and a bound, so all
// of these are tried. Needs one point, and y > 0.
LineFit fit_line(const std::vector<FitPoint>& points);

// The line for times of exchanges: the intercept is the time of the smallest, the slope the median of the slopes from there to
// the others, each weighted with its x. So large exchanges, which take the time of a step, decide, and one bad measurement of a
// smaller one moves nothing; a relative fit would follow small messages that slip through a traffic shaper's burst. Needs one
// point.
LineFit fit_from_smallest(std::vector<FitPoint> points);

// Of a copy; the lower of the two middle values. Needs one value.
double median(std::vector<double> values);

}  // namespace hpcai::scaling
