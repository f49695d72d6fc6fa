#include "hpcai/draw/line_chart.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace hpcai::draw {
namespace {

constexpr double kLinesWidth = 600, kLinesHeight = 480, kLinesLeft = 104, kLinesTop = 84, kLinesBottom = 70, kLinesGap = 30,
                 kLinesRight = 24;
constexpr double kKeySample = 40, kKeyLine = 28;
constexpr double kBandOpacity = 0.2, kBarOpacity = 0.3;

// What a line of the legend shows.
struct LegendKey {
  enum Kind { line, marked_line, band, range, bar, diagonal } kind;
  std::string label;
  Stroke stroke;
};

constexpr Stroke kDiagonal{colour::kGrey, 1.5, "5 5"};

std::vector<LegendKey> legend_of(const LineChart& chart) {
  std::vector<LegendKey> keys;
  for (const ChartLine& line : chart.lines) {
    keys.push_back({line.marked ? LegendKey::marked_line : LegendKey::line, line.label, line.stroke});
    if (!line.ranges_label.empty()) {
      keys.push_back({line.marked ? LegendKey::range : LegendKey::band, line.ranges_label, line.stroke});
    }
  }
  if (!chart.bars_label.empty()) keys.push_back({LegendKey::bar, chart.bars_label, {}});
  if (!chart.diagonal_label.empty()) keys.push_back({LegendKey::diagonal, chart.diagonal_label, kDiagonal});
  return keys;
}

MarkerStyle marker_of(const Stroke& stroke) { return {.colour = stroke.colour, .radius = 4.5}; }

void draw_key(Canvas& canvas, const LegendKey& key, double x, double y) {
  const double middle = y - 6, centre = x + kKeySample / 2;
  switch (key.kind) {
    case LegendKey::band:
      canvas.rectangle(Role::legend, {x, y - 15, x + kKeySample, y + 3}, key.stroke.colour, kBandOpacity);
      break;
    case LegendKey::bar: canvas.rectangle(Role::legend, {x, y - 15, x + kKeySample, y + 3}, colour::kGrey, kBarOpacity); break;
    case LegendKey::range: canvas.line(centre, y - 16, centre, y + 4, key.stroke); break;
    case LegendKey::marked_line: canvas.marker(Role::legend, centre, middle, marker_of(key.stroke)); [[fallthrough]];
    case LegendKey::line:
    case LegendKey::diagonal: canvas.line(x, middle, x + kKeySample, middle, key.stroke); break;
  }
  canvas.text(Role::legend, x + kKeySample + 10, y, key.label, {.size = kChartText});
}

void draw_ranges_of(Canvas& canvas, const ChartFrame& frame, const ChartLine& line) {
  if (line.ranges.empty()) return;
  if (line.ranges.size() != line.points.size()) throw std::invalid_argument("line chart: one range for each point is needed");
  std::vector<std::pair<double, double>> lower, upper;
  for (size_t i = 0; i < line.points.size(); ++i) {
    const double x = frame.x(line.points[i].first);
    lower.emplace_back(x, frame.y(line.ranges[i].first));
    upper.emplace_back(x, frame.y(line.ranges[i].second));
    if (line.marked) canvas.line(x, lower.back().second, x, upper.back().second, line.stroke);
  }
  if (line.marked) return;
  lower.insert(lower.end(), upper.rbegin(), upper.rend());
  canvas.area({lower}, line.stroke.colour, kBandOpacity);
}

void draw_points_of(Canvas& canvas, const ChartFrame& frame, const ChartLine& line) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [x, y] : line.points) points.emplace_back(frame.x(x), frame.y(y));
  canvas.polyline(points, line.stroke);
  if (!line.marked) return;
  for (const auto& [x, y] : points) canvas.marker(Role::point, x, y, marker_of(line.stroke));
}

}  // namespace

Stroke line_stroke(size_t index) {
  constexpr std::array kColours = {colour::kBlue,   colour::kVermillion, colour::kGreen, colour::kOrange,
                                   colour::kPurple, colour::kSkyBlue,    colour::kBlack};
  constexpr std::array<std::string_view, 3> kDashes = {"", "8 4", "2 3"};
  return {kColours[index % kColours.size()], 2.2, kDashes[index / kColours.size() % kDashes.size()]};
}

Canvas draw_line_chart(const LineChart& chart) {
  const std::vector<LegendKey> keys = legend_of(chart);
  double widest = 0;
  for (const LegendKey& key : keys) widest = std::max(widest, text_width(key.label, kChartText));
  const Rectangle plot{kLinesLeft, kLinesTop, kLinesLeft + kLinesWidth, kLinesTop + kLinesHeight};
  const double legend_left = plot.right + kLinesGap;
  const double width = std::max({legend_left + kKeySample + 10 + widest, plot.left + text_width(chart.title, 22, true),
                                 plot.left + text_width(chart.subtitle, kChartText)});
  const double legend_height = 18 + kKeyLine * static_cast<double>(keys.size());
  Canvas canvas(width + kLinesRight, std::max(plot.bottom + kLinesBottom, plot.top + legend_height), chart.description);
  canvas.text(Role::heading, plot.left, 34, chart.title, {.size = 22, .bold = true});
  canvas.text(Role::heading, plot.left, 64, chart.subtitle, {.size = kChartText, .colour = colour::kGrey});
  const ChartFrame frame(plot, chart.x, chart.y);
  frame.draw(canvas);
  for (const ChartBar& bar : chart.bars) {
    canvas.rectangle(Role::bar, {frame.x(bar.from) + 1, frame.y(bar.height), frame.x(bar.to) - 1, plot.bottom}, colour::kGrey,
                     kBarOpacity);
  }
  if (!chart.diagonal_label.empty()) canvas.line(plot.left, plot.bottom, plot.right, plot.top, kDiagonal);
  for (const ChartLine& line : chart.lines) draw_ranges_of(canvas, frame, line);
  for (const ChartLine& line : chart.lines) draw_points_of(canvas, frame, line);
  double y = plot.top + 18;
  for (const LegendKey& key : keys) {
    draw_key(canvas, key, legend_left, y);
    y += kKeyLine;
  }
  return canvas;
}

}  // namespace hpcai::draw
