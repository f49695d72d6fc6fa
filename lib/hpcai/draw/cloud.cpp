#include "hpcai/draw/cloud.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/core/text.h"
#include "hpcai/draw/chart_frame.h"

namespace hpcai::draw {
namespace {

constexpr double kCloudSide = 480, kCloudLeft = 112, kCloudRight = 24, kCloudBottom = 66;  // of a panel
constexpr double kCloudTitle = 21, kCloudLegendLine = 28, kCloudSample = 10;
constexpr size_t kMostCloudPoints = 20000, kLongestName = 40;
constexpr std::array kClassColours = {colour::kBlue,   colour::kVermillion, colour::kGreen, colour::kPurple,
                                      colour::kOrange, colour::kSkyBlue,    colour::kBlack};
constexpr std::string_view kNoColour = "#a8a8a8";  // of points without a class, or of one of the rarer classes
constexpr std::array kSetShapes = {Shape::circle, Shape::triangle, Shape::square, Shape::diamond};
static_assert(kMostCloudSets == 2 * kSetShapes.size());  // filled and hollow

void check(const Cloud& cloud) {
  const size_t points = cloud.class_of.size();
  if (cloud.sets.size() > kMostCloudSets) {
    throw Error(ExitCode::usage, fmt::format("a figure cannot tell {} inputs apart", cloud.sets.size()),
                fmt::format("Give at most {}.", kMostCloudSets));
  }
  const bool finite = std::ranges::all_of(cloud.positions, [](double value) { return std::isfinite(value); });
  const bool dimensions = cloud.axes.size() == 2 || cloud.axes.size() == 3;
  if (points == 0 || !finite || !dimensions || cloud.set_of.size() != points ||
      cloud.positions.size() != points * cloud.axes.size()) {
    throw Error(ExitCode::bad_data, fmt::format("figure \"{}\": {} points cannot be drawn", cloud.title, points));
  }
}

// The colour of each class: the most frequent ones have their own.
std::vector<std::string_view> colours_of(const Cloud& cloud) {
  std::vector<std::string_view> colours(cloud.classes.size(), kNoColour);
  std::vector<size_t> order(cloud.classes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.size() > kClassColours.size()) {
    std::vector<int64_t> count(order.size());
    for (const int64_t c : cloud.class_of) {
      if (c >= 0) ++count[static_cast<size_t>(c)];
    }
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return count[a] > count[b]; });
  }
  for (size_t k = 0; k < std::min(order.size(), kClassColours.size()); ++k) colours[order[k]] = kClassColours[k];
  return colours;
}

MarkerStyle style_of(std::string_view colour, size_t set, double radius) {
  const bool filled = set < kSetShapes.size();
  return {.shape = kSetShapes[set % kSetShapes.size()],
          .colour = colour,
          .filled = filled,
          .radius = radius,
          .outline = filled ? 0 : 1.2,
          .opacity = 0.75};
}

struct CloudKey {
  std::string label;
  MarkerStyle marker;
  bool begins_line = false;
};

std::vector<CloudKey> legend_of(const Cloud& cloud, const std::vector<std::string_view>& colours) {
  std::vector<CloudKey> keys;
  const auto add = [&](std::string_view label, std::string_view colour, size_t set) {
    MarkerStyle marker = style_of(colour, set, 6);
    marker.opacity = 1;
    keys.push_back({printable(label, kLongestName), marker});
  };
  for (size_t c = 0; c < colours.size(); ++c) {
    if (colours[c] != kNoColour) add(cloud.classes[c], colours[c], 0);
  }
  if (std::ranges::count(colours, kNoColour) > 0) add("other classes", kNoColour, 0);
  if (!cloud.classes.empty() && std::ranges::any_of(cloud.class_of, [](int64_t c) { return c < 0; }))
    add("no label", kNoColour, 0);
  if (cloud.sets.size() > 1) {
    const size_t first = keys.size();
    for (size_t s = 0; s < cloud.sets.size(); ++s) add(cloud.sets[s], colour::kInk, s);
    keys[first].begins_line = true;
  }
  return keys;
}

// Where the keys stand: a line is full at `width`. Returns the lines.
size_t place_keys(const std::vector<CloudKey>& keys, double width, std::vector<std::pair<double, size_t>>& places) {
  constexpr double kSpace = 26;
  double x = 0;
  size_t line = 0;
  for (const CloudKey& key : keys) {
    const double needed = 2 * kCloudSample + text_width(key.label, kChartTick);
    if (x > 0 && (key.begins_line || x + needed > width)) {
      x = 0;
      ++line;
    }
    places.emplace_back(x, line);
    x += needed + kSpace;
  }
  return keys.empty() ? 0 : line + 1;
}

void draw_panel_of(Canvas& canvas, const Cloud& cloud, const std::vector<std::string_view>& colours, const Rectangle& plot,
                   std::pair<size_t, size_t> axes) {
  const size_t dimensions = cloud.axes.size(), points = cloud.class_of.size();
  std::vector<double> x, y;
  for (size_t i = 0; i < points; ++i) {
    x.push_back(cloud.positions[i * dimensions + axes.first]);
    y.push_back(cloud.positions[i * dimensions + axes.second]);
  }
  const ChartFrame frame(plot, axis_around(cloud.axes[axes.first], x, false), axis_around(cloud.axes[axes.second], y, false));
  frame.draw(canvas);
  const double radius = std::clamp(90 / std::sqrt(static_cast<double>(points)), 1.6, 5.0);
  const std::vector<int64_t> order = permutation(static_cast<int64_t>(points), 0, 0);
  for (size_t k = 0; k < std::min(points, kMostCloudPoints); ++k) {
    const auto i = static_cast<size_t>(order[k]);
    const std::string_view paint = cloud.class_of[i] < 0 ? kNoColour : colours[static_cast<size_t>(cloud.class_of[i])];
    canvas.marker(Role::point, frame.x(x[i]), frame.y(y[i]), style_of(paint, static_cast<size_t>(cloud.set_of[i]), radius));
  }
}

}  // namespace

Canvas draw_cloud(const Cloud& cloud) {
  check(cloud);
  std::vector<std::pair<size_t, size_t>> panels = {{0, 1}};
  if (cloud.axes.size() == 3) panels.insert(panels.end(), {{0, 2}, {1, 2}});
  const double cell = kCloudLeft + kCloudSide + kCloudRight, width = cell * static_cast<double>(panels.size());
  const auto colours = colours_of(cloud);
  const std::vector<CloudKey> keys = legend_of(cloud, colours);
  std::vector<std::pair<double, size_t>> places;
  const size_t lines = place_keys(keys, width - kCloudLeft - kCloudRight, places);
  const std::string title = cloud.class_of.size() <= kMostCloudPoints
                                ? cloud.title
                                : fmt::format("{} ({} of {} points)", cloud.title, kMostCloudPoints, cloud.class_of.size());

  const std::vector<std::string> title_lines = wrap(title, kCloudTitle, width - kCloudLeft - kCloudRight);
  double y = 14;
  const double top = y + 30 * static_cast<double>(title_lines.size()) + 12 + kCloudLegendLine * static_cast<double>(lines) + 8;
  Canvas canvas(width, top + kCloudSide + kCloudBottom, cloud.description);
  for (const std::string& line : title_lines) {
    canvas.text(Role::heading, kCloudLeft, y += 30, line, {.size = kCloudTitle, .bold = true});
  }
  for (size_t k = 0; k < keys.size(); ++k) {
    const double left = kCloudLeft + places[k].first, base = y + 32 + kCloudLegendLine * static_cast<double>(places[k].second);
    canvas.marker(Role::legend, left + kCloudSample / 2, base - 6, keys[k].marker);
    canvas.text(Role::legend, left + 2 * kCloudSample, base, keys[k].label, {.size = kChartTick});
  }
  for (size_t p = 0; p < panels.size(); ++p) {
    const double left = cell * static_cast<double>(p) + kCloudLeft;
    draw_panel_of(canvas, cloud, colours, {left, top, left + kCloudSide, top + kCloudSide}, panels[p]);
  }
  return canvas;
}

}  // namespace hpcai::draw
