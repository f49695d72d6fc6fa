#include "hpcai/draw/waveform_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "hpcai/core/error.h"

namespace hpcai::draw {
namespace {

// Sizes in SVG pixels.
constexpr double kPlotWidth = 340, kPlotHeight = 130;
constexpr double kLeft = 52, kTop = 28, kRight = 14, kBottom = 38;
constexpr double kCellWidth = kLeft + kPlotWidth + kRight;
constexpr double kCellHeight = kTop + kPlotHeight + kBottom;
constexpr double kTitleHeight = 36;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

struct Axis {
  double low, high;    // data
  double start, stop;  // SVG pixels
  double operator()(double value) const { return start + (value - low) / (high - low) * (stop - start); }
};

// Multiples of 1, 2 or 5 times a power of ten, about four of them.
std::vector<double> ticks(const Axis& axis) {
  const double rough = (axis.high - axis.low) / 4;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double mantissa = rough / power;
  const double step = power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
  std::vector<double> values;
  const double first = std::ceil(axis.low / step - 1e-9);
  for (double k = first; k * step <= axis.high + 1e-9 * step; ++k) values.push_back(k * step + 0.0);
  return values;
}

// Points of a polyline. Each pixel column that holds several samples contributes its smallest and its largest one.
std::string points(const std::vector<double>& time, const std::vector<double>& value, double sign, const Axis& x, const Axis& y) {
  std::string out;
  const auto put = [&](size_t i) { fmt::format_to(std::back_inserter(out), "{:.2f},{:.2f} ", x(time[i]), y(sign * value[i])); };
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
  return out;
}

void check(const WaveformPanel& panel) {
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("waveform sheet: panel \"{}\": {}", panel.title, what));
  };
  if (panel.time.empty()) refuse("no samples");
  if (panel.real.size() != panel.time.size() || panel.amplitude.size() != panel.time.size()) refuse("lengths differ");
  for (size_t i = 0; i < panel.time.size(); ++i) {
    if (!std::isfinite(panel.time[i] + panel.real[i] + panel.amplitude[i])) refuse("a value that is not finite");
    if (i > 0 && panel.time[i] <= panel.time[i - 1]) refuse("times that do not increase");
  }
}

void draw_axes(const Axis& x, const Axis& y, std::string& svg) {
  auto out = std::back_inserter(svg);
  for (const double tick : ticks(x)) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><text x=\"{0:.1f}\" y=\"{3:.1f}\" "
                   "text-anchor=\"middle\">{4:g}</text>\n",
                   x(tick), y.start, y.stop, y.start + 14, tick);
  }
  for (const double tick : ticks(y)) {
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}H{2:.1f}\"/><text x=\"{3:.1f}\" y=\"{4:.1f}\" "
                   "text-anchor=\"end\">{5:g}</text>\n",
                   x.start, y(tick), x.stop, x.start - 5, y(tick) + 3.5, tick);
  }
  fmt::format_to(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">t / M</text>\n", (x.start + x.stop) / 2,
                 y.start + 29);
}

void draw_panel(const WaveformPanel& panel, double left, double top, std::string& svg) {
  double peak = 0;
  for (size_t i = 0; i < panel.time.size(); ++i) {
    peak = std::max({peak, std::abs(panel.real[i]), std::abs(panel.amplitude[i])});
  }
  if (peak == 0) peak = 1;
  const double span = panel.time.back() - panel.time.front();
  const double width = span > 0 ? span : 1;  // a single sample
  const Axis x{panel.time.front(), panel.time.front() + width, left + kLeft, left + kLeft + kPlotWidth};
  const Axis y{-1.1 * peak, 1.1 * peak, top + kTop + kPlotHeight, top + kTop};  // SVG counts downwards
  auto out = std::back_inserter(svg);
  fmt::format_to(out, "<text class=\"panel\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x.start, y.stop - 8, escaped(panel.title));
  draw_axes(x, y, svg);
  fmt::format_to(out, "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", x.start, y.stop,
                 kPlotWidth, kPlotHeight);
  fmt::format_to(out, "<polyline class=\"real\" points=\"{}\"/>\n", points(panel.time, panel.real, 1, x, y));
  for (const double sign : {1.0, -1.0}) {
    fmt::format_to(out, "<polyline class=\"amplitude\" points=\"{}\"/>\n", points(panel.time, panel.amplitude, sign, x, y));
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
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" viewBox=\"0 0 {0:g} {1:g}\">\n"
      "<style>text{{font:11px sans-serif;fill:#333}}.title{{font-size:16px;font-weight:bold}}.panel{{font-size:12px}}"
      "path.grid{{stroke:#ddd;fill:none}}rect.frame{{stroke:#555;fill:none}}polyline{{fill:none;stroke-width:1}}"
      "polyline.real{{stroke:#1f5fa8}}polyline.amplitude{{stroke:#d2691e}}</style>\n"
      "<rect width=\"{0:g}\" height=\"{1:g}\" fill=\"white\"/>\n"
      "<text class=\"title\" x=\"{2:g}\" y=\"23\">{3}</text>\n",
      width, height, kLeft, escaped(title));
  for (int64_t i = 0; i < count; ++i) {
    draw_panel(panels[static_cast<size_t>(i)], static_cast<double>(i % columns) * kCellWidth,
               kTitleHeight + static_cast<double>(i / columns) * kCellHeight, svg);
  }
  return svg + "</svg>\n";
}

}  // namespace hpcai::draw
