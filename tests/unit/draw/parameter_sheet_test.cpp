#include "hpcai/draw/parameter_sheet.h"

#include <catch2/catch.hpp>

#include <stdexcept>

#include "canvas_checks.h"

using namespace hpcai::draw;

TEST_CASE("a sheet of parameters shows each point in each panel, and a bar for each share") {
  ParameterSheet sheet{.title = "values against each setting", .value_title = "validation.loss"};
  SheetPanel numbers{.title = "optimizer.lr", .logarithmic = true};
  SheetPanel names{.title = "optimizer.type",
                   .categories = {"adam", "a very long name of an optimizer, which is shortened", "sgd"}};
  for (int i = 0; i < 9; ++i) {
    const auto kind = i == 4 ? SheetPoint::Kind::best : i % 2 ? SheetPoint::Kind::partial : SheetPoint::Kind::complete;
    numbers.points.push_back({1e-4 * (1 << i), 1.0 + i, kind});
    names.points.push_back({static_cast<double>(i % 3), 1.0 + i, kind});
  }
  sheet.panels = {numbers, names, numbers, names};
  sheet.shares = {{"optimizer.lr", 0.7}, {"optimizer.type", 0.02}};
  const Canvas canvas = draw_parameter_sheet(sheet);
  size_t points = 0, bars = 0;
  for (const Mark& mark : canvas.marks()) {
    CAPTURE(mark.text);
    CHECK(canvas.box().holds(mark.box));
    points += mark.role == Role::point;
    bars += mark.role == Role::bar;
  }
  CHECK(points == 36);
  CHECK(bars == 2);
  CHECK(canvas.svg().find("ended early") != std::string::npos);
  CHECK_THROWS_AS(draw_parameter_sheet({}), std::invalid_argument);
}
