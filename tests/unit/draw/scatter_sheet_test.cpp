#include "hpcai/draw/scatter_sheet.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

ScatterPanel panel(int points) {
  ScatterPanel panel{.x_title = "q", .x = {}, .y = {}};
  for (int i = 0; i < points; ++i) {
    panel.x.push_back(i);
    panel.y.push_back(std::pow(10, -6 + 4.0 * i / points));
  }
  return panel;
}

}  // namespace

TEST_CASE("a scatter sheet draws points, three quantiles a panel, and decades") {
  const ScatterPanel panels[] = {panel(120), panel(120), panel(120)};
  const std::string svg = scatter_sheet_svg(panels, 2, "a title", "1 - overlap");
  CHECK(count(svg, "<circle") == 360);
  CHECK(count(svg, "stroke-width=\"2\"") == 360 + 9 + 3);  // points, quantiles, legend
  CHECK(count(svg, ">1e-6<") == 3);
  CHECK(count(svg, ">1e-2<") == 3);
  CHECK(count(svg, "90 % below") == 1);
  CHECK(count(svg, "a title") >= 1);
}

TEST_CASE("of many points a subset is drawn") {
  const ScatterPanel panels[] = {panel(10'000)};
  CHECK(count(scatter_sheet_svg(panels, 1, "t", "y"), "<circle") == 2000);
}

TEST_CASE("bins of few points have no quantiles, and one point is a figure") {
  const ScatterPanel panels[] = {{.x_title = "x", .x = {3}, .y = {0.5}}};
  const std::string svg = scatter_sheet_svg(panels, 4, "t", "y");
  CHECK(count(svg, "<circle") == 1);
  CHECK(count(svg, "stroke-width=\"2\"") == 1 + 3);  // the point, the legend
}

TEST_CASE("a scatter sheet refuses what it cannot draw") {
  CHECK_THROWS_AS(scatter_sheet_svg({}, 2, "t", "y"), Error);
  for (const ScatterPanel& wrong :
       {ScatterPanel{"x", {}, {}}, ScatterPanel{"x", {1, 2}, {1}}, ScatterPanel{"x", {1}, {0}}, ScatterPanel{"x", {NAN}, {1}}}) {
    const ScatterPanel panels[] = {wrong};
    CHECK_THROWS_AS(scatter_sheet_svg(panels, 1, "t", "y"), Error);
  }
}
