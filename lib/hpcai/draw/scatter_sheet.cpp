#include "hpcai/draw/scatter_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/draw/axis.h"
#include "hpcai/draw/svg.h"

namespace hpcai::draw {
namespace {

// Sizes in SVG pixels.
constexpr double kScatterWidth = 340, kScatterHeight = 220;
constexpr double kScatterLeft = 74, kScatterTop = 14, kScatterRight = 16, kScatterBottom = 48;
constexpr double kScatterCellWidth = kScatterLeft + kScatterWidth + kScatterRight;
constexpr double kScatterCellHeight = kScatterTop + kScatterHeight + kScatterBottom;
constexpr double kScatterTitleHeight = 64;
constexpr double kScatterTitleSize = 16, kScatterTextSize = 12, kScatterTickSize = 11;
constexpr size_t kMostPoints = 2000;
constexpr size_t kBins = 12, kFewest = 5;  // points of a bin whose quantiles are drawn

struct Line {
  double quantile;
  std::string_view name, colour;
};
constexpr std::array kLines = {Line{0.5, "median", colour::kBlue}, Line{0.9, "90 % below", colour::kOrange},
                               Line{0.99, "99 % below", colour::kVermillion}};

void check(const ScatterPanel& panel) {
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("scatter sheet: panel \"{}\": {}", panel.x_title, what));
  };
  if (panel.x.empty()) refuse("no points");
  if (panel.x.size() != panel.y.size()) refuse("lengths differ");
  for (size_t i = 0; i < panel.x.size(); ++i) {
    if (!std::isfinite(panel.x[i]) || !std::isfinite(panel.y[i]) || panel.y[i] <= 0) refuse("a value that cannot be drawn");
  }
}

// Whole decades around all y.
LogAxis common_axis(std::span<const ScatterPanel> panels) {
  double low = panels[0].y[0], high = low;
  for (const ScatterPanel& panel : panels) {
    const auto [least, most] = std::ranges::minmax(panel.y);
    low = std::min(low, least);
    high = std::max(high, most);
  }
  const double first = std::floor(std::log10(low)), last = std::max(first + 1, std::ceil(std::log10(high)));
  return {std::pow(10, first), std::pow(10, last), 0, 1};
}

void draw_axes(const LinearAxis& x, const LogAxis& y, const ScatterPanel& panel, const std::string& y_title, Canvas& canvas) {
  const Stroke grid{.colour = colour::kGrid, .width = 1};
  for (const Tick& tick : round_ticks(x)) {
    canvas.line(x(tick.value), y.start, x(tick.value), y.stop, grid);
    canvas.text(Role::tick, x(tick.value), y.start + 14, tick.label, {.size = kScatterTickSize, .anchor = Anchor::middle});
  }
  const int first = static_cast<int>(std::lround(std::log10(y.low))), last = static_cast<int>(std::lround(std::log10(y.high)));
  const int step = (last - first + 7) / 8;
  for (int exponent = first; exponent <= last; exponent += step) {
    const double at = y(std::pow(10, exponent));
    canvas.line(x.start, at, x.stop, at, grid);
    canvas.text(Role::tick, x.start - 5, at + 3.5, fmt::format("1e{}", exponent),
                {.size = kScatterTickSize, .anchor = Anchor::end});
  }
  canvas.frame({x.start, y.stop, x.stop, y.start}, {.colour = colour::kFrame, .width = 1});
  canvas.text(Role::note, (x.start + x.stop) / 2, y.start + 32, panel.x_title,
              {.size = kScatterTextSize, .anchor = Anchor::middle});
  canvas.text(Role::note, x.start - 52, (y.start + y.stop) / 2, y_title,
              {.size = kScatterTextSize, .anchor = Anchor::middle, .upwards = true});
}

// The y of the points in each bin of x, sorted.
std::array<std::vector<double>, kBins> binned(const ScatterPanel& panel, const LinearAxis& x) {
  std::array<std::vector<double>, kBins> bins;
  for (size_t i = 0; i < panel.x.size(); ++i) {
    const double part = (panel.x[i] - x.low) / (x.high - x.low);
    bins[std::min(kBins - 1, static_cast<size_t>(part * static_cast<double>(kBins)))].push_back(panel.y[i]);
  }
  for (auto& bin : bins) std::ranges::sort(bin);
  return bins;
}

void draw_quantiles(const ScatterPanel& panel, const LinearAxis& x, const LogAxis& y, Canvas& canvas) {
  const auto bins = binned(panel, x);
  for (const Line& line : kLines) {
    std::vector<std::pair<double, double>> places;
    for (size_t b = 0; b < kBins; ++b) {
      if (bins[b].size() < kFewest) continue;
      const double middle = x.low + (static_cast<double>(b) + 0.5) / static_cast<double>(kBins) * (x.high - x.low);
      const auto rank = static_cast<size_t>(std::lround(line.quantile * static_cast<double>(bins[b].size() - 1)));
      places.emplace_back(x(middle), y(bins[b][rank]));
    }
    if (places.size() > 1) canvas.polyline(places, {.colour = line.colour, .width = 2});
  }
}

void draw_panel(const ScatterPanel& panel, LogAxis y, double left, double top, const std::string& y_title, Canvas& canvas) {
  const auto [least, most] = std::ranges::minmax(panel.x);
  const double span = most > least ? most - least : 1;
  const LinearAxis x{least, least + span, left + kScatterLeft, left + kScatterLeft + kScatterWidth};
  y.start = top + kScatterTop + kScatterHeight;
  y.stop = top + kScatterTop;
  draw_axes(x, y, panel, y_title, canvas);
  const size_t step = (panel.x.size() + kMostPoints - 1) / kMostPoints;
  for (size_t i = 0; i < panel.x.size(); i += step) {
    canvas.marker(Role::point, x(panel.x[i]), y(panel.y[i]), {.colour = colour::kFrame, .filled = true, .radius = 1.3});
  }
  draw_quantiles(panel, x, y, canvas);
}

void draw_legend(Canvas& canvas) {
  double at = kScatterLeft;
  for (const Line& line : kLines) {
    canvas.line(at, 46, at + 22, 46, {.colour = line.colour, .width = 2});
    canvas.text(Role::legend, at + 28, 50, line.name, {.size = kScatterTextSize});
    at += 46 + text_width(line.name, kScatterTextSize);
  }
}

}  // namespace

std::string scatter_sheet_svg(std::span<const ScatterPanel> panels, int64_t columns, const std::string& title,
                              const std::string& y_title) {
  if (panels.empty() || columns < 1) {
    throw Error(ExitCode::usage, fmt::format("scatter sheet: {} panels in {} columns", panels.size(), columns),
                "give at least one panel and one column");
  }
  for (const ScatterPanel& panel : panels) check(panel);
  const auto count = static_cast<int64_t>(panels.size());
  columns = std::min(columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  Canvas canvas(static_cast<double>(columns) * kScatterCellWidth,
                kScatterTitleHeight + static_cast<double>(rows) * kScatterCellHeight, title);
  canvas.text(Role::heading, kScatterLeft, 25, title, {.size = kScatterTitleSize, .bold = true});
  draw_legend(canvas);
  const LogAxis y = common_axis(panels);
  for (int64_t i = 0; i < count; ++i) {
    draw_panel(panels[static_cast<size_t>(i)], y, static_cast<double>(i % columns) * kScatterCellWidth,
               kScatterTitleHeight + static_cast<double>(i / columns) * kScatterCellHeight, y_title, canvas);
  }
  return canvas.svg();
}

}  // namespace hpcai::draw
