#include "hpcai/draw/cloud.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "canvas_checks.h"
#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

Cloud cloud_of_points(int64_t points, size_t dimensions, size_t classes, size_t sets) {
  Cloud cloud{
      .title = "t-SNE of 1024 features of galaxies", .description = "d", .axes = {}, .positions = {}, .classes = {}, .sets = {}};
  for (size_t d = 0; d < dimensions; ++d) cloud.axes.push_back("t-SNE " + std::to_string(d + 1));
  for (size_t c = 0; c < classes; ++c) cloud.classes.push_back("class " + std::to_string(c));
  for (size_t s = 0; s < sets; ++s) cloud.sets.push_back("survey <" + std::to_string(s) + ">");
  for (int64_t i = 0; i < points; ++i) {
    for (size_t d = 0; d < dimensions; ++d) {
      cloud.positions.push_back(40 * std::fmod(static_cast<double>(i + 1) * (0.618 + 0.137 * static_cast<double>(d)), 1) - 20);
    }
    // the class c has the more points, the smaller c is
    cloud.class_of.push_back(static_cast<int64_t>(classes * static_cast<size_t>(i * i) / static_cast<size_t>(points * points)));
    cloud.set_of.push_back(i % static_cast<int64_t>(sets));
  }
  return cloud;
}

size_t drawn_points(const Canvas& canvas) {
  return static_cast<size_t>(std::ranges::count_if(canvas.marks(), [](const Mark& mark) { return mark.role == Role::point; }));
}

}  // namespace

TEST_CASE("a cloud shows every point in each panel, the classes and the sets, and no text lies on another") {
  for (const size_t dimensions : {2, 3}) {
    const Canvas canvas = draw_cloud(cloud_of_points(500, dimensions, 2, 3));
    check_layout(canvas);
    check_well_formed(canvas.svg());
    CHECK(drawn_points(canvas) == (dimensions == 2 ? 500 : 1500));
    for (const char* text : {"class 0", "class 1", "survey <2>", "t-SNE 2"}) CHECK(says(canvas, text));
    CHECK_FALSE(says(canvas, "no label"));
  }
}

TEST_CASE("a cloud of one set has no legend of sets, and points without a class are grey") {
  Cloud cloud = cloud_of_points(30, 2, 2, 1);
  CHECK_FALSE(says(draw_cloud(cloud), "survey <0>"));
  cloud.class_of[4] = -1;
  const Canvas canvas = draw_cloud(cloud);
  CHECK(says(canvas, "no label"));
  CHECK(occurrences_of("#a8a8a8", canvas.svg()) == 4);  // the point and its sample, each fill and stroke
}

TEST_CASE("of many classes the most frequent ones have colours, and the legend wraps") {
  const Canvas canvas = draw_cloud(cloud_of_points(2000, 2, 30, 8));
  check_layout(canvas);
  for (const char* text : {"class 0", "class 6", "other classes", "survey <7>"}) CHECK(says(canvas, text));
  CHECK_FALSE(says(canvas, "class 7"));
}

TEST_CASE("of very many points a subset is drawn, and the title says so") {
  const Canvas canvas = draw_cloud(cloud_of_points(25000, 2, 2, 1));
  CHECK(drawn_points(canvas) == 20000);
  const bool told =
      std::ranges::any_of(canvas.marks(), [](const Mark& mark) { return mark.text.find("20000") != std::string::npos; });
  CHECK(told);
}

TEST_CASE("a cloud at one point can be drawn, one without points or with a NaN not") {
  Cloud cloud = cloud_of_points(3, 2, 2, 1);
  cloud.positions.assign(6, 1);
  CHECK(draw_cloud(cloud).svg().find("nan") == std::string::npos);
  cloud.positions[1] = NAN;
  CHECK_THROWS_AS(draw_cloud(cloud), Error);
  CHECK_THROWS_AS(draw_cloud(Cloud{}), Error);
  CHECK_THROWS_AS(draw_cloud(cloud_of_points(20, 2, 2, 9)), Error);
}
