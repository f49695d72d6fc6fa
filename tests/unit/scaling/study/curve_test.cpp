#include "hpcai/scaling/study/curve.h"

#include <catch2/catch.hpp>

#include "sample_curves.h"

using namespace hpcai::scaling;

TEST_CASE("a spread is the median with the ends") {
  CHECK_FALSE(spread_of({}));
  const auto odd = spread_of({3, 1, 2});
  CHECK(odd->median == 2);
  CHECK(odd->low == 1);
  CHECK(odd->high == 3);
  CHECK(spread_of({4, 1, 2, 3})->median == 2.5);
}

TEST_CASE("a point counts the runs that reached the target, and efficiency is relative to one rank") {
  const StepTime step = test::split(0.1, 0.2, 0.1, 0);
  std::vector<Point> points;
  points.push_back(make_point(1, 32, {test::finished(1, 100, 5, 0.9, step), test::finished(1, 120, 6, 0.92, step)}));
  Outcome missed = test::finished(2, 10, 1, 0.5, step);
  missed.reached = false;
  points.push_back(make_point(2, 32, {test::finished(2, 55, 5, 0.91, step), missed}));
  set_efficiencies(points);
  CHECK(points[0].time_s->median == 110);
  CHECK(*points[0].epoch_s == 20);
  CHECK(points[0].efficiency == Approx(1));
  CHECK(points[1].reached() == 1);
  CHECK(points[1].time_s->median == 55);
  CHECK(*points[1].epochs == 5);
  CHECK(points[1].efficiency == Approx(1));
  CHECK(points[1].step->exposed_communication_s == Approx(0.02));
}

TEST_CASE("without any run that reached the target there are epochs and quality, but no time") {
  Outcome missed = test::finished(1, 10, 3, 0.5, test::split(0.1, 0, 0, 0));
  missed.reached = false;
  const Point point = make_point(1, 32, {missed});
  CHECK_FALSE(point.time_s);
  CHECK(*point.epochs == 3);
  CHECK(*point.quality == 0.5);
  Curve curve;
  curve.points = {point};
  CHECK(curve.base() == nullptr);
}

TEST_CASE("the published end points are those of the papers") {
  const auto waveform = published_series("wavenet");
  REQUIRE(waveform.size() == 2);
  CHECK(waveform[0].points == std::vector<std::pair<int, double>>{{1, 604800}, {44, 61200}});
  CHECK(waveform[1].points == std::vector<std::pair<int, double>>{{1, 2592000}, {64, 44640}, {1536, 4320}});
  const auto galaxy = published_series("xception");
  REQUIRE(galaxy.size() == 1);
  CHECK(galaxy[0].points[0].second / galaxy[0].points[1].second == Approx(200));  // super-linear on 64
  CHECK(published_series("resnet50").empty());
}

TEST_CASE("a target is described in words") {
  CHECK(describe(Quality{"overlap_median", 0.9}) == "overlap median \u2265 0.9");
  CHECK(describe(Quality{"loss", 0.25, false}) == "loss \u2264 0.25");
}
