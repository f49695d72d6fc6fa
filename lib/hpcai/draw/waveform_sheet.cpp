#include "hpcai/draw/waveform_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/draw/axis.h"
#include "hpcai/draw/svg.h"

namespace hpcai::draw {
namespace {

// Sizes in SVG pixels.
constexpr double kPlotWidth = 340, kPlotHeight = 130;
constexpr double kLeft = 52, kTop = 28, kRight = 14, kBottom = 38;
constexpr double kCellWidth = kLeft + kPlotWidth + kRight;
constexpr double kCellHeight = kTop + kPlotHeight + kBottom;
constexpr double kTitleHeight = 36;
constexpr double kTitleSize = 16, kPanelTitleSize = 12, kTickSize = 11;

using Points = std::vector<std::pair<double, double>>;

// Each pixel column that holds several samples contributes its smallest and its largest one.
Points points(const std::vector<double>& time, const std::vector<double>& value, double sign, const LinearAxis& x,
              const LinearAxis& y) {
  Points line;
  const auto put = [&](size_t i) { line.emplace_back(x(time[i]), y(sign * value[i])); };
  for (size_t first = 0, next = 0; first < time.size(); first = next) {
    const double column = std::floor(x(time[first]));
    size_t smallest = first, largest = first;
    for (next = first; next < time.size() && std::floor(x(time[next])) == column; ++next) {
      if (value[next] < value[smallest]) smallest = next;
      if (value[next] > value[largest]) largest = next;
    }
    put(std::min(smallest, largest));
    if (smallest != largest) put(std::max(smallest, largest));
  }
  return line;
}

void check(const WaveformPanel& panel) {
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("waveform sheet: panel \"{}\": {}", panel.title, what));
  };
  if (panel.time.empty()) refuse("no samples");
  if (panel.real.size() != panel.time.size() || panel.amplitude.size() != panel.time.size()) refuse("lengths differ");
  if (!panel.other.empty() && panel.other.size() != panel.time.size()) refuse("lengths differ");
  for (size_t i = 0; i < panel.time.size(); ++i) {
    const double other = panel.other.empty() ? 0 : panel.other[i];
    if (!std::isfinite(panel.time[i] + panel.real[i] + panel.amplitude[i] + other)) refuse("a value that is not finite");
    if (i > 0 && panel.time[i] <= panel.time[i - 1]) refuse("times that do not increase");
  }
}

void draw_axes(const LinearAxis& x, const LinearAxis& y, Canvas& canvas) {
  const Stroke grid{.colour = colour::kGrid, .width = 1};
  for (const Tick& tick : round_ticks(x)) {
    canvas.line(x(tick.value), y.start, x(tick.value), y.stop, grid);
    canvas.text(Role::tick, x(tick.value), y.start + 14, tick.label, {.size = kTickSize, .anchor = Anchor::middle});
  }
  for (const Tick& tick : round_ticks(y)) {
    canvas.line(x.start, y(tick.value), x.stop, y(tick.value), grid);
    canvas.text(Role::tick, x.start - 5, y(tick.value) + 3.5, tick.label, {.size = kTickSize, .anchor = Anchor::end});
  }
  canvas.text(Role::note, (x.start + x.stop) / 2, y.start + 29, "t / M", {.size = kTickSize, .anchor = Anchor::middle});
}

void draw_panel(const WaveformPanel& panel, double left, double top, Canvas& canvas) {
  double peak = 0;
  for (size_t i = 0; i < panel.time.size(); ++i) {
    peak = std::max({peak, std::abs(panel.real[i]), std::abs(panel.amplitude[i])});
    if (!panel.other.empty()) peak = std::max(peak, std::abs(panel.other[i]));
  }
  if (peak == 0) peak = 1;
  const double span = panel.time.back() - panel.time.front();
  const double width = span > 0 ? span : 1;  // a single sample
  const LinearAxis x{panel.time.front(), panel.time.front() + width, left + kLeft, left + kLeft + kPlotWidth};
  const LinearAxis y{-1.1 * peak, 1.1 * peak, top + kTop + kPlotHeight, top + kTop};  // SVG counts downwards
  canvas.text(Role::heading, x.start, y.stop - 8, panel.title, {.size = kPanelTitleSize});
  draw_axes(x, y, canvas);
  canvas.frame({x.start, y.stop, x.stop, y.start}, {.colour = colour::kFrame, .width = 1});
  canvas.polyline(points(panel.time, panel.real, 1, x, y), {.colour = colour::kBlue, .width = 1});
  if (!panel.other.empty()) {
    canvas.polyline(points(panel.time, panel.other, 1, x, y), {.colour = colour::kVermillion, .width = 1});
    return;
  }
  for (const double sign : {1.0, -1.0}) {
    canvas.polyline(points(panel.time, panel.amplitude, sign, x, y), {.colour = colour::kVermillion, .width = 1});
  }
}

}  // namespace

std::string waveform_sheet_svg(std::span<const WaveformPanel> panels, int64_t columns, const std::string& title) {
  if (panels.empty() || columns < 1) {
    throw Error(ExitCode::usage, fmt::format("waveform sheet: {} waveforms in {} columns", panels.size(), columns),
                "give at least one waveform and one column");
  }
  for (const WaveformPanel& panel : panels) check(panel);
  const int64_t count = static_cast<int64_t>(panels.size());
  columns = std::min(columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  const double width = static_cast<double>(columns) * kCellWidth;
  const double height = kTitleHeight + static_cast<double>(rows) * kCellHeight;
  Canvas canvas(width, height, title);
  canvas.text(Role::heading, kLeft, 23, title, {.size = kTitleSize, .bold = true});
  for (int64_t i = 0; i < count; ++i) {
    draw_panel(panels[static_cast<size_t>(i)], static_cast<double>(i % columns) * kCellWidth,
               kTitleHeight + static_cast<double>(i / columns) * kCellHeight, canvas);
  }
  return canvas.svg();
}

}  // namespace hpcai::draw
