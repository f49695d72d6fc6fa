#include "hpcai/draw/chart_frame.h"

#include <algorithm>
#include <cmath>

namespace hpcai::draw {
namespace {

double place(const ChartAxis& axis, double value, double start, double stop) {
  if (!axis.logarithmic) return LinearAxis{axis.low, axis.high, start, stop}(value);
  return LogAxis{axis.low, axis.high, start, stop}(std::max(value, axis.low));
}

std::vector<Tick> ticks_of(const ChartAxis& axis, double start, double stop) {
  constexpr size_t kMost = 8;
  constexpr double kBeyond = 20;
  if (!axis.numbers) return {};
  if (axis.logarithmic) return decade_ticks({axis.low, axis.high, start, stop}, kMost);
  const LinearAxis linear{axis.low, axis.high, start, stop};
  return stop > start ? fitting_ticks(linear, kChartTick, kBeyond) : round_ticks(linear);
}

}  // namespace

ChartAxis axis_around(std::string title, const std::vector<double>& values, bool logarithmic) {
  double low = INFINITY, high = -INFINITY;
  for (const double value : values) {
    if (logarithmic && value <= 0) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = high = 1;  // there are none
  if (logarithmic) {
    const double margin = std::max(std::pow(high / low, 0.05), 1.1);
    return {std::move(title), low / margin, high * margin, true};
  }
  const double margin = high > low ? 0.04 * (high - low) : high == 0 ? 1 : 0.1 * std::abs(high);
  return {std::move(title), low - margin, high + margin, false};
}

double ChartFrame::x(double value) const { return place(x_, value, plot_.left, plot_.right); }

double ChartFrame::y(double value) const { return place(y_, value, plot_.bottom, plot_.top); }

void ChartFrame::draw(Canvas& canvas) const {
  const Stroke grid{colour::kGrid, 1};
  for (const Tick& tick : ticks_of(x_, plot_.left, plot_.right)) {
    canvas.line(x(tick.value), plot_.top, x(tick.value), plot_.bottom, grid);
    canvas.text(Role::tick, x(tick.value), plot_.bottom + 22, tick.label, {.size = kChartTick, .anchor = Anchor::middle});
  }
  double widest = 0;
  for (const Tick& tick : ticks_of(y_, plot_.bottom, plot_.top)) {
    widest = std::max(widest, text_width(tick.label, kChartTick));
    canvas.line(plot_.left, y(tick.value), plot_.right, y(tick.value), grid);
    canvas.text(Role::tick, plot_.left - 8, y(tick.value) + 5.5, tick.label, {.size = kChartTick, .anchor = Anchor::end});
  }
  canvas.frame(plot_, {colour::kFrame, 1.2});
  canvas.text(Role::tick, plot_.middle(), plot_.bottom + 48, x_.title, {.size = kChartText, .anchor = Anchor::middle});
  canvas.text(Role::tick, plot_.left - 18 - widest, (plot_.top + plot_.bottom) / 2, y_.title,
              {.size = kChartText, .anchor = Anchor::middle, .upwards = true});
}

Rectangle chart_plot(const Rectangle& cell) {
  constexpr double kLeft = 116, kTop = 66, kRight = 26, kBottom = 64;
  return {cell.left + kLeft, cell.top + kTop, cell.right - kRight, cell.bottom - kBottom};
}

void draw_chart_heading(Canvas& canvas, const Rectangle& plot, const std::string& title, const std::vector<ChartKey>& legend) {
  constexpr double kSample = 30, kSpace = 24;
  canvas.text(Role::heading, plot.left, plot.top - 38, title, {.size = kChartText, .bold = true});
  double x = plot.left;
  const double y = plot.top - 11;
  for (const ChartKey& key : legend) {
    const double thickness = std::min(key.line.width, 12.0) / 2;
    canvas.rectangle(Role::legend, {x, y - 6 - thickness, x + kSample, y - 6 + thickness}, key.line.colour, key.opacity);
    canvas.text(Role::legend, x + kSample + 8, y, key.label, {.size = kChartTick});
    x += kSample + 8 + text_width(key.label, kChartTick) + kSpace;
  }
}

}  // namespace hpcai::draw
