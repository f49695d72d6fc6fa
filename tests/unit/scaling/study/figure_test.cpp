#include "hpcai/scaling/study/figure.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hpcai/core/file.h"
#include "sample_curves.h"

using namespace hpcai::scaling;

namespace {

const std::string kFooter = "Measured with hpcai-train 0.1.0 on node17: 2 cores, a processor with quite a long name; 2026-01-01.";

// Every element that is opened is closed in order, attributes are quoted, and no bare & or < stands in a text.
void check_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t i = 0; i < xml.size(); ++i) {
    if (xml[i] == '&') REQUIRE(xml.find(';', i) < i + 7);
    if (xml[i] != '<') continue;
    const size_t end = xml.find('>', i);
    REQUIRE(end != std::string::npos);
    const std::string tag = xml.substr(i + 1, end - i - 1);
    CHECK(std::count(tag.begin(), tag.end(), '"') % 2 == 0);
    CHECK(tag.find('<') == std::string::npos);
    i = end;
    if (tag[0] == '?') continue;
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  CHECK(open.empty());
}

void check_layout(const Canvas& canvas) {
  const auto& marks = canvas.marks();
  for (const Mark& mark : marks) {
    INFO("'" << mark.text << "' at " << mark.box.left << "," << mark.box.top << " to " << mark.box.right << ","
             << mark.box.bottom);
    CHECK(canvas.box().holds(mark.box));
  }
  for (size_t i = 0; i < marks.size(); ++i) {
    for (size_t j = i + 1; j < marks.size(); ++j) {
      const Mark &a = marks[i], &b = marks[j];
      if (a.text.empty() && b.text.empty()) continue;  // points may meet, bars touch
      INFO("'" << a.text << "' and '" << b.text << "'");
      CHECK_FALSE(a.box.overlaps(b.box));
    }
  }
  for (const Mark& legend : marks) {
    if (legend.role != Role::legend) continue;
    for (const Mark& point : marks) {
      if (point.role == Role::point || point.role == Role::bar) CHECK_FALSE(legend.box.overlaps(point.box));
    }
  }
}

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

bool says(const Canvas& canvas, const std::string& text) {
  return std::ranges::any_of(canvas.marks(), [&](const Mark& mark) { return mark.text.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the figure is well-formed, inside its canvas, and nothing lies on anything") {
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

TEST_CASE("the layout check can fail") {
  Canvas canvas(100, 50, "");
  canvas.text(Role::tick, 90, 20, "outside", {});
  CHECK_FALSE(canvas.box().holds(canvas.marks()[0].box));
  canvas.text(Role::tick, 95, 24, "on it", {});
  CHECK(canvas.marks()[0].box.overlaps(canvas.marks()[1].box));
}

TEST_CASE("names with special characters do not break the picture") {
  Curve curve = test::curve("xception", {1, 2}, 100, 0.9, 0);
  curve.name = "a<b> & \"c\"";
  const std::string svg = draw_figure({curve}, "x < y & z").svg();
  check_well_formed(svg);
  CHECK(svg.find("a&lt;b&gt; &amp; &quot;c&quot;") != std::string::npos);
}

TEST_CASE("the figure says when the one-rank run was starved of input, and only then") {
  CHECK(says(draw_figure({test::curve("xception", {1, 2}, 100, 0.9, 0.4)}, kFooter), "waits for input in 40 %"));
  CHECK_FALSE(says(draw_figure({test::curve("xception", {1, 2}, 100, 0.9, 0.1)}, kFooter), "waits for input"));
}

TEST_CASE("the paper has a scale of its own only where its times are far from ours") {
  CHECK(says(draw_figure({test::curve("xception", {1, 2}, 60, 0.9, 0)}, kFooter), "right scale"));
  CHECK_FALSE(says(draw_figure({test::curve("xception", {1, 2}, 9000, 0.9, 0)}, kFooter), "right scale"));
}

TEST_CASE("every letter is legible at half size") {
  const std::string svg = draw_figure(cases()[1].curves, kFooter).svg();
  for (size_t at = svg.find("font-size=\""); at != std::string::npos; at = svg.find("font-size=\"", at + 1)) {
    CHECK(std::stod(svg.substr(at + 11)) >= 16);
  }
}

TEST_CASE("a renderer accepts the figure, where there is one") {
  if (std::system("command -v rsvg-convert >/dev/null 2>&1") != 0) {
    WARN("no rsvg-convert here: the picture has not been rendered");
    return;
  }
  const auto folder = std::filesystem::temp_directory_path() / ("hpcai-figure-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  hpcai::write_file(folder / "figure.svg", draw_figure(cases()[0].curves, kFooter).svg());
  const std::string command = "rsvg-convert " + (folder / "figure.svg").string() + " -o " + (folder / "figure.png").string();
  CHECK(std::system(command.c_str()) == 0);
  CHECK(std::filesystem::file_size(folder / "figure.png") > 10000);
  std::filesystem::remove_all(folder);
}
