#include <catch2/catch.hpp>

#include "hpcai/scaling/model/fit.h"

using namespace hpcai::scaling;

TEST_CASE("a line through points on a line") {
  const LineFit fit = fit_line({{0, 1}, {1, 3}, {4, 9}});
  CHECK(fit.intercept == Approx(1));
  CHECK(fit.slope == Approx(2));
  CHECK(fit.worst_residual == Approx(0).margin(1e-12));
}

TEST_CASE("one disturbed measurement does not move the line, and shows as residual") {
  const LineFit fit = fit_line({{0, 1}, {1, 3}, {2, 50}, {4, 9}, {5, 11}});
  CHECK(fit.intercept == Approx(1));
  CHECK(fit.slope == Approx(2));
  CHECK(fit.worst_residual == Approx(0.9));
  CHECK(fit.median_residual == Approx(0).margin(1e-12));
}

TEST_CASE("neither latency nor time per byte is ever negative") {
  const LineFit falling = fit_line({{1, 5}, {2, 4}, {3, 4}});
  CHECK(falling.slope == 0);
  CHECK(falling.intercept >= 4);
  const LineFit through_zero = fit_line({{1, 1}, {10, 20}, {100, 210}});
  CHECK(through_zero.intercept >= 0);
  CHECK(fit_line({{2, 6}}).at(2) == Approx(6));
}

TEST_CASE("large exchanges decide the bandwidth, the smallest the latency") {
  // 1 + 2 x, but for a middle value that was disturbed and a small one that slipped through a burst
  const LineFit fit = fit_from_smallest({{1000, 2001}, {0, 1}, {10, 1.5}, {100, 900}, {400, 801}});
  CHECK(fit.intercept == Approx(1));
  CHECK(fit.slope == Approx(2));
  CHECK(fit.worst_residual > 0.5);
  CHECK(fit_from_smallest({{5, 3}}).at(100) == Approx(3));
  CHECK(fit_from_smallest({{0, 4}, {10, 3}}).slope == 0);
}

TEST_CASE("the median of a few values") {
  CHECK(median({3}) == 3);
  CHECK(median({9, 1, 5}) == 5);
  CHECK(median({4, 1, 3, 2}) == 2);
}
