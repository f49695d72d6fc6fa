#include "hpcai/draw/line_chart.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "canvas_checks.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

LineChart chart_of(size_t lines) {
  LineChart chart{.title = "a title that is wider than its plot, by a long way, so that the canvas grows",
                  .subtitle = "of <these> samples",
                  .description = "lines",
                  .x = {"part", 0, 1},
                  .y = {"accuracy", 0.5, 1},
                  .lines = {},
                  .bars = {{0, 0.5, 0.75}, {0.5, 1, 0.6}},
                  .bars_label = "part of the samples",
                  .diagonal_label = "chance"};
  for (size_t i = 0; i < lines; ++i) {
    chart.lines.push_back({.label = "line " + std::to_string(i),
                           .points = {{0, 0.6}, {0.5, 0.7}, {1, 0.9}},
                           .stroke = line_stroke(i),
                           .marked = i % 2 == 0,
                           .ranges = {{0.5, 0.7}, {0.6, 0.8}, {0.85, 0.95}},
                           .ranges_label = "95 % interval"});
  }
  return chart;
}

}  // namespace

TEST_CASE("line charts are well-formed, inside their canvas, and name every line") {
  for (const size_t lines : {0, 1, 3, 12}) {
    const Canvas canvas = draw_line_chart(chart_of(lines));
    check_layout(canvas);
    check_well_formed(canvas.svg());
    for (size_t i = 0; i < lines; ++i) CHECK(says(canvas, "line " + std::to_string(i)));
    for (const char* text : {"chance", "part of the samples", "accuracy", "of <these> samples"}) CHECK(says(canvas, text));
  }
}

TEST_CASE("the points of a line lie where the axes say") {
  LineChart chart = chart_of(1);
  chart.lines[0].marked = false;
  // The plot begins at 104, 84 and has 600 x 480 pixels; y runs from 0.5 to 1.
  const std::string svg = draw_line_chart(chart).svg();
  CHECK(svg.find("M104.0 468.0L404.0 372.0L704.0 180.0") != std::string::npos);
  CHECK(svg.find("M104.0 564.0L404.0 468.0L704.0 228.0L704.0 132.0L404.0 276.0L104.0 372.0Z") != std::string::npos);  // the band
}

TEST_CASE("lines differ in colour or dashes") {
  for (size_t i = 1; i < 14; ++i) {
    const Stroke a = line_stroke(i), b = line_stroke(i - 1);
    CHECK((a.colour != b.colour || a.dashes != b.dashes));
  }
  CHECK(line_stroke(0).dashes != line_stroke(7).dashes);
}

TEST_CASE("a line with too few ranges is refused") {
  LineChart chart = chart_of(1);
  chart.lines[0].ranges.pop_back();
  CHECK_THROWS_AS(draw_line_chart(chart), std::invalid_argument);
}
