#include "hpcai/draw/parameter_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "hpcai/draw/chart_frame.h"

namespace hpcai::draw {
namespace {

constexpr double kChartWidth = 520, kChartHeight = 400, kHead = 96, kMargin = 24;
constexpr size_t kColumns = 3;
constexpr double kLogFactor = 30;

struct Look {
  SheetPoint::Kind kind;
  const char* name;
  MarkerStyle style;
};
const std::array kLooks = {
    Look{SheetPoint::Kind::partial, "ended early", {.colour = colour::kFrame, .filled = false, .radius = 5, .outline = 1.5}},
    Look{SheetPoint::Kind::complete, "complete", {.colour = colour::kBlue, .radius = 5, .opacity = 0.8}},
    Look{SheetPoint::Kind::best, "best", {.shape = Shape::diamond, .colour = colour::kVermillion, .radius = 9}}};

// A text that ends in "..." where it is wider than `width`.
std::string shortened(std::string text, double size, double width) {
  if (text_width(text, size) <= width) return text;
  while (!text.empty() && text_width(text + "...", size) > width) text.pop_back();
  while (!text.empty() && (text.back() & 0xC0) == 0x80) text.pop_back();  // the rest of a character
  return text + "...";
}

std::vector<double> all_y(const ParameterSheet& sheet) {
  std::vector<double> values;
  for (const SheetPanel& panel : sheet.panels) {
    for (const SheetPoint& point : panel.points) values.push_back(point.y);
  }
  return values;
}

ChartAxis y_axis(const ParameterSheet& sheet) {
  const auto values = all_y(sheet);
  const auto [low, high] = std::ranges::minmax(values);
  return axis_around("", values, low > 0 && high / low > kLogFactor);
}

// The labels of an axis of names; numbers from 1 if the names are too long.
void draw_names(Canvas& canvas, const SheetPanel& panel, const ChartFrame& frame) {
  const auto count = static_cast<double>(panel.categories.size());
  const double room = frame.plot().width() / count - 6;
  const bool fit = std::ranges::all_of(panel.categories, [&](const auto& name) { return text_width(name, kChartTick) <= room; });
  for (size_t i = 0; i < panel.categories.size(); ++i) {
    const std::string label = fit ? panel.categories[i] : fmt::format("{}", i + 1);
    canvas.text(Role::tick, frame.x(static_cast<double>(i)), frame.plot().bottom + 22, label,
                {.size = kChartTick, .anchor = Anchor::middle});
  }
}

void draw_points(Canvas& canvas, const SheetPanel& panel, const ChartFrame& frame) {
  for (const Look& look : kLooks) {
    for (const SheetPoint& point : panel.points) {
      if (point.kind == look.kind) canvas.marker(Role::point, frame.x(point.x), frame.y(point.y), look.style);
    }
  }
}

void draw_panel(Canvas& canvas, const Rectangle& cell, const SheetPanel& panel, const ChartAxis& y) {
  const Rectangle plot = chart_plot(cell);
  if (!panel.categories.empty()) {
    const ChartFrame frame(plot, {panel.title, -0.5, static_cast<double>(panel.categories.size()) - 0.5, false, false}, y);
    frame.draw(canvas);
    draw_names(canvas, panel, frame);
    return draw_points(canvas, panel, frame);
  }
  std::vector<double> xs;
  for (const SheetPoint& point : panel.points) xs.push_back(point.x);
  const ChartFrame frame(plot, axis_around(panel.title, xs, panel.logarithmic), y);
  frame.draw(canvas);
  draw_points(canvas, panel, frame);
}

void draw_shares(Canvas& canvas, const Rectangle& cell, const ParameterSheet& sheet) {
  const Rectangle plot = chart_plot(cell);
  canvas.text(Role::heading, plot.left, plot.top - 14, "importance: share of the variance of the ranks", {.size = kChartTick});
  const double step = std::min(56.0, plot.height() / static_cast<double>(sheet.shares.size()));
  double top = plot.top;
  for (const auto& [name, share] : sheet.shares) {
    canvas.text(Role::tick, plot.left, top + 0.42 * step,
                shortened(fmt::format("{:.2f}  {}", share, name), kChartTick, plot.width()),
                {.size = std::min(kChartTick, 0.4 * step)});
    canvas.rectangle(Role::bar, {plot.left, top + 0.5 * step, plot.left + std::max(1.0, share * plot.width()), top + 0.85 * step},
                     colour::kGreen);
    top += step;
  }
}

void draw_legend(Canvas& canvas, const ParameterSheet& sheet) {
  double x = kMargin;
  for (const Look& look : kLooks) {
    const bool used = std::ranges::any_of(sheet.panels.front().points, [&](const SheetPoint& p) { return p.kind == look.kind; });
    if (!used) continue;
    canvas.marker(Role::legend, x + 8, 70, look.style);
    canvas.text(Role::legend, x + 24, 75.5, look.name, {.size = kChartTick});
    x += 48 + text_width(look.name, kChartTick);
  }
  canvas.text(Role::legend, x + 12, 75.5, fmt::format("upwards: {}", sheet.value_title),
              {.size = kChartTick, .colour = colour::kGrey});
}

}  // namespace

Canvas draw_parameter_sheet(const ParameterSheet& sheet) {
  if (sheet.panels.empty() || sheet.panels.front().points.empty()) throw std::invalid_argument("a sheet without points");
  const size_t cells = sheet.panels.size() + (sheet.shares.empty() ? 0 : 1);
  const size_t columns = std::min(cells, kColumns), rows = (cells + columns - 1) / columns;
  Canvas canvas(kChartWidth * static_cast<double>(columns), kHead + kChartHeight * static_cast<double>(rows), sheet.title);
  canvas.text(Role::heading, kMargin, 38, shortened(sheet.title, 22, kChartWidth * static_cast<double>(columns) - 2 * kMargin),
              {.size = 22, .bold = true});
  draw_legend(canvas, sheet);
  const ChartAxis y = y_axis(sheet);
  for (size_t i = 0; i < cells; ++i) {
    const double left = kChartWidth * static_cast<double>(i % columns),
                 top = kHead - 40 + kChartHeight * static_cast<double>(i / columns);
    const Rectangle cell{left, top, left + kChartWidth, top + kChartHeight};
    i < sheet.panels.size() ? draw_panel(canvas, cell, sheet.panels[i], y) : draw_shares(canvas, cell, sheet);
  }
  return canvas;
}

}  // namespace hpcai::draw
