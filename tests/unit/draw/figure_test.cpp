#include "hpcai/draw/figure.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "canvas_checks.h"
#include "hpcai/core/file.h"

using namespace hpcai::draw;

namespace {

const std::string kFooter = "Measured with hpcai-train 0.1.0 on node17: 2 cores, a processor with quite a long name; 2026-01-01.";

// Of times that fall as 1/x, with a range, a guide and a series on the right scale.
Panel panel(const std::vector<double>& x, double first_s) {
  Panel panel;
  panel.title = "a study";
  panel.subtitle = "of something";
  panel.x_title = "ranks";
  panel.y_title = "time to a goal";
  panel.right_title = "their time";
  panel.right_factor = 0.01;
  panel.rows = {"ranks", "time, s", "one step, ms"};
  panel.parts = {{"compute", colour::kSkyBlue}, {"input", colour::kGreen}};
  panel.bars_title = {"split of", "one step"};
  Series measured{.label = "measured", .points = {}, .line = {colour::kBlack, 2.5}, .marker = MarkerStyle{}, .layer = 1};
  Series other{
      .label = "theirs", .points = {}, .line = {colour::kVermillion, 1.5, "2 5"}, .marker = MarkerStyle{}, .on_right = true};
  for (const double at : x) {
    const double y = first_s / at;
    measured.points.push_back({at, y, {{0.8 * y, 1.3 * y}}});
    other.points.push_back({at, 30 * y});
    panel.columns.push_back({at, {std::to_string(static_cast<int>(at)), "12.5", "\u2013"}, {0.7, 0.3}, at > 8});
  }
  panel.series.push_back(measured);
  if (!x.empty()) {
    panel.series.push_back(
        {.label = "ideal", .points = {{x[0], first_s / x[0]}}, .line = {colour::kGrey, 1.5}, .falls_on = true});
  }
  panel.series.push_back(other);
  return panel;
}

std::vector<std::vector<Panel>> figures() {
  Panel bare = panel({1, 2}, 5);
  bare.series.clear();
  bare.right_factor = 1;
  Panel noted = panel({2, 3, 5, 6, 7}, 3e4);
  noted.notes = {"The run on one rank waits for its data most of the time, so all that is said about the others is too good.",
                 "No run reached the goal."};
  return {{panel({1, 2, 4}, 60)}, {panel({1, 2, 4, 8, 16, 32, 44, 64, 1536}, 7e5), noted}, {bare}, {panel({}, 1)}, {}};
}

size_t count(const Canvas& canvas, Role role) {
  return static_cast<size_t>(std::ranges::count_if(canvas.marks(), [&](const Mark& mark) { return mark.role == role; }));
}

}  // namespace

TEST_CASE("a figure is well-formed, inside its canvas, and nothing lies on anything") {
  for (const auto& panels : figures()) {
    INFO(panels.size() << " panels");
    const Canvas canvas = draw_figure(panels, "a figure", panels.empty() ? "" : kFooter);
    check_layout(canvas);
    const std::string svg = canvas.svg();
    check_well_formed(svg);
    for (const char* never : {"<script", "href", "nan", "inf"}) CHECK(svg.find(never) == std::string::npos);
  }
}

TEST_CASE("the layout check can fail") {
  Canvas canvas(100, 50, "");
  canvas.text(Role::tick, 90, 20, "outside", {});
  CHECK_FALSE(canvas.box().holds(canvas.marks()[0].box));
  canvas.text(Role::tick, 95, 24, "on it", {});
  CHECK(canvas.marks()[0].box.overlaps(canvas.marks()[1].box));
}

TEST_CASE("every point, bar and cell is drawn") {
  const Canvas canvas = draw_figure({panel({1, 2, 4}, 60)}, "", kFooter);
  CHECK(count(canvas, Role::point) == 6);  // of two series; the guide has none
  CHECK(count(canvas, Role::bar) == 6);    // two parts in each of three columns
  CHECK(count(canvas, Role::cell) == 12);  // three rows with a name and three columns
  for (const char* text : {"a study", "of something", "ranks", "time to a goal", "their time", "measured", "ideal", "theirs",
                           "12.5", "one step, ms", "compute", "split of"}) {
    INFO(text);
    CHECK(says(canvas, text));
  }
}

TEST_CASE("the right scale gives the times of the series that count on it") {
  Panel one = panel({1, 2}, 60);
  CHECK(says(draw_figure({one}, "", ""), "1 h"));  // 60 s here are 6000 s there
  one.right_factor = 1;
  const Canvas same = draw_figure({one}, "", "");
  CHECK_FALSE(says(same, "their time"));
}

TEST_CASE("a part that is not positive and a bar of nothing are left out") {
  Panel one = panel({1, 2}, 60);
  one.columns[0].parts = {1, -0.5};
  one.columns[1].parts = {0, 0};
  CHECK(count(draw_figure({one}, "", ""), Role::bar) == 1);
}

TEST_CASE("names with special characters do not break the picture") {
  Panel one = panel({1, 2}, 100);
  one.title = "a<b> & \"c\"";
  const std::string svg = draw_figure({one}, "x < y", "x < y & z").svg();
  check_well_formed(svg);
  CHECK(svg.find("a&lt;b&gt; &amp; &quot;c&quot;") != std::string::npos);
}

TEST_CASE("every letter is legible at half size") {
  const std::string svg = draw_figure(figures()[1], "", kFooter).svg();
  size_t found = 0;
  for (size_t at = svg.find("font-size=\""); at != std::string::npos; at = svg.find("font-size=\"", at + 1), ++found) {
    CHECK(std::stod(svg.substr(at + 11)) >= 16);
  }
  CHECK(found > 50);
}

TEST_CASE("a renderer accepts the figure, where there is one") {
  if (std::system("command -v rsvg-convert >/dev/null 2>&1") != 0) {
    WARN("no rsvg-convert here: the picture has not been rendered");
    return;
  }
  const auto folder = std::filesystem::temp_directory_path() / ("hpcai-figure-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  hpcai::write_file(folder / "figure.svg", draw_figure(figures()[0], "", kFooter).svg());
  const std::string command = "rsvg-convert " + (folder / "figure.svg").string() + " -o " + (folder / "figure.png").string();
  CHECK(std::system(command.c_str()) == 0);
  CHECK(std::filesystem::file_size(folder / "figure.png") > 10000);
  std::filesystem::remove_all(folder);
}
