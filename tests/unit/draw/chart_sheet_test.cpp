#include "hpcai/draw/chart_sheet.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "canvas_checks.h"
#include "hpcai/core/error.h"
#include "hpcai/draw/chart_frame.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

QuantileChart quantiles(bool logarithmic) {
  QuantileChart chart{.title = "mismatch", .x_title = "mass ratio", .y_title = "1 - overlap", .logarithmic_y = logarithmic};
  for (int i = 0; i < 4000; ++i) {
    chart.x.push_back(1 + 7 * std::fmod(i * 0.6180339887498949, 1));
    chart.y.push_back(std::pow(10, -5 + 2 * std::fmod(i * 0.7548776662466927, 1)));
  }
  return chart;
}

HistogramChart histogram(bool logarithmic) {
  HistogramChart chart{.title = "errors", .x_title = "mismatch", .logarithmic_x = logarithmic};
  chart.sets = {{"network", quantiles(true).y}, {"templates", {1e-6, 2e-3}, colour::kVermillion}};
  return chart;
}

ExitCode code_of(const Chart& chart) {
  try {
    draw_chart_sheet({chart}, 1, "");
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::done;
}

}  // namespace

TEST_CASE("sheets of charts are well-formed, inside their canvas, and nothing lies on anything") {
  const Canvas canvas =
      draw_chart_sheet({quantiles(true), quantiles(false), histogram(true), histogram(false), quantiles(true)}, 2, "charts");
  check_layout(canvas);
  const std::string svg = canvas.svg();
  check_well_formed(svg);
  for (const char* never : {"nan", "inf"}) CHECK(svg.find(never) == std::string::npos);
  for (const char* text : {"mismatch", "mass ratio", "median", "5 to 95 %", "network", "templates", "10\u207b\u2074"})
    CHECK(says(canvas, text));
  CHECK(canvas.box().width() == 1200);
  CHECK(canvas.box().height() == 3 * 440);
}

TEST_CASE("a chart of quantiles draws the median of each bin where it belongs, and no empty bin") {
  QuantileChart chart{.title = "t", .x_title = "x", .y_title = "y", .bins = 4};
  for (int i = 0; i <= 100; ++i) {
    for (const double x : {0.0, 0.5, 4.0}) {
      chart.x.push_back(x);
      chart.y.push_back(x + 0.01 * i);
    }
  }
  const Canvas canvas = draw_chart_sheet({chart}, 1, "");
  std::vector<Rectangle> points;
  for (const Mark& mark : canvas.marks()) {
    if (mark.role == Role::point) points.push_back(mark.box);
  }
  REQUIRE(points.size() == 2);  // the bins from 0 to 1 and from 3 to 4
  const Rectangle plot = chart_plot({0, 0, 600, 440});
  const double span = 4 * 1.08;  // with room of 4 % at both ends
  CHECK(points[0].middle() == Approx(plot.left + (0.5 + 0.16) / span * plot.width()));
  CHECK(points[1].middle() == Approx(plot.left + (3.5 + 0.16) / span * plot.width()));
  CHECK(points[1].top < points[0].top);
}

TEST_CASE("a histogram counts every value, those at or below zero with the smallest of a logarithmic axis") {
  HistogramChart chart{.title = "t", .x_title = "x", .logarithmic_x = true, .bins = 2};
  chart.sets = {{"", {0, -1, 1e-6, 1}}};
  const std::string svg = draw_chart_sheet({chart}, 1, "").svg();
  // Parts 0.75 and 0.25 of a height of 1.08 times the largest.
  const Rectangle plot = chart_plot({0, 0, 600, 440});
  for (const double part : {0.75, 0.25}) {
    char y[32];
    std::snprintf(y, sizeof y, " %.1fL", plot.bottom - part / (1.08 * 0.75) * plot.height());
    CHECK(occurrences_of(y, svg) >= 2);
  }
}

TEST_CASE("charts of one value, or of zeros on a logarithmic axis, can be drawn") {
  QuantileChart one{.title = "t", .x_title = "x", .y_title = "y", .x = {2}, .y = {3}};
  CHECK(code_of(one) == ExitCode::done);
  one.logarithmic_y = true;
  one.y = {0};
  const std::string svg = draw_chart_sheet({one}, 1, "").svg();
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("charts without values, or with values that are not finite, are refused") {
  QuantileChart chart = quantiles(false);
  chart.y[5] = NAN;
  CHECK(code_of(chart) == ExitCode::bad_data);
  chart = quantiles(false);
  chart.x.pop_back();
  CHECK(code_of(chart) == ExitCode::bad_data);
  CHECK(code_of(QuantileChart{}) == ExitCode::bad_data);
  CHECK(code_of(HistogramChart{}) == ExitCode::bad_data);
  HistogramChart infinite = histogram(true);
  infinite.sets[0].values[0] = INFINITY;
  CHECK(code_of(infinite) == ExitCode::bad_data);
  CHECK_THROWS_AS(draw_chart_sheet({}, 1, ""), Error);
  CHECK_THROWS_AS(draw_chart_sheet({quantiles(true)}, 0, ""), Error);
}
