#include "hpcai/scaling/study/figure.h"

#include <catch2/catch.hpp>

#include "sample_curves.h"
#include "unit/draw/canvas_checks.h"

using namespace hpcai::scaling;
using namespace hpcai::draw;

namespace {

const std::string kFooter = "Measured with hpcai-train 0.1.0 on node17: 2 cores, a processor with quite a long name; 2026-01-01.";

struct Case {
  const char* name;
  std::vector<Curve> curves;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back(
      {"laptop", {test::curve("wavenet", {1, 2, 4}, 60, 0.5, 0.01), test::curve("xception", {1, 2, 4}, 100, 0.6, 0.4)}});
  all.push_back({"cluster",
                 {test::curve("wavenet", {1, 2, 4, 8, 16, 32, 44, 64}, 7e5, 0.85, 0.02),
                  test::curve("xception", {1, 2, 4, 8, 16, 32, 64}, 9000, 0.9, 0.02)}});
  all.push_back({"one panel, no paper", {test::curve("resnet50", {2, 3, 5, 6, 7}, 3e4, 0.9, 0)}});
  Curve bare = test::curve("xception", {1, 2}, 5, 0.9, 0);
  bare.predictions.clear();
  all.push_back({"no prediction", {bare}});
  for (Point& point : bare.points) {
    for (Outcome& run : point.runs) run.reached = false;
    point = make_point(point.world, point.global_batch, point.runs);
  }
  all.push_back({"target never reached", {bare}});
  bare.points.clear();
  all.push_back({"nothing yet", {bare}});
  bare.published.clear();
  all.push_back({"nothing at all", {bare}});
  return all;
}

}  // namespace

TEST_CASE("the figure of every kind of study is well-formed, inside its canvas, and nothing lies on anything") {
  for (const Case& item : cases()) {
    INFO(item.name);
    const Canvas canvas = draw_figure(item.curves, kFooter);
    check_layout(canvas);
    const std::string svg = canvas.svg();
    check_well_formed(svg);
    CHECK(svg.find("<script") == std::string::npos);
    CHECK(svg.find("href") == std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(svg.find("inf") == std::string::npos);
  }
}

TEST_CASE("the figure says when the one-rank run was starved of input, and only then") {
  CHECK(says(draw_figure({test::curve("xception", {1, 2}, 100, 0.9, 0.4)}, kFooter), "waits for input in 40 %"));
  CHECK_FALSE(says(draw_figure({test::curve("xception", {1, 2}, 100, 0.9, 0.1)}, kFooter), "waits for input"));
}

TEST_CASE("the paper has a scale of its own only where its times are far from ours") {
  CHECK(says(draw_figure({test::curve("xception", {1, 2}, 60, 0.9, 0)}, kFooter), "right scale"));
  CHECK_FALSE(says(draw_figure({test::curve("xception", {1, 2}, 9000, 0.9, 0)}, kFooter), "right scale"));
}
