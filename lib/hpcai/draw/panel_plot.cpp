#include "hpcai/draw/panel_plot.h"

#include <algorithm>

namespace hpcai::draw {
namespace {

void draw_grid(Canvas& canvas, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  for (const Tick& tick : rank_ticks(layout.x, size::kTick)) {
    const double x = layout.x(tick.value);
    canvas.line(x, plot.top, x, plot.bottom, {colour::kGrid, 1});
    canvas.text(Role::tick, x, plot.bottom + 24, tick.label, {.size = size::kTick, .anchor = Anchor::middle});
  }
  for (const Tick& tick : time_ticks(layout.y.low, layout.y.high, 8)) {
    const double y = layout.y(tick.value);
    canvas.line(plot.left, y, plot.right, y, {colour::kGrid, 1});
    canvas.text(Role::tick, plot.left - 8, y + 6, tick.label, {.size = size::kTick, .anchor = Anchor::end});
  }
  canvas.frame(plot, {colour::kFrame, 1});
}

void draw_axis_titles(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  canvas.text(Role::tick, plot.middle(), plot.bottom + 51, panel.x_title, {.size = size::kText, .anchor = Anchor::middle});
  canvas.text(Role::tick, plot.left - 100, (plot.top + plot.bottom) / 2, panel.y_title,
              {.size = size::kText, .anchor = Anchor::middle, .upwards = true});
}

void draw_right_scale(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  const std::string_view ink = panel.right_colour;
  for (const Tick& tick : time_ticks(layout.y.low / panel.right_factor, layout.y.high / panel.right_factor, 8)) {
    const double y = layout.y(tick.value * panel.right_factor);
    canvas.line(plot.right, y, plot.right + 5, y, {ink, 1.5});
    canvas.text(Role::tick, plot.right + 9, y + 6, tick.label, {.size = size::kTick, .colour = ink});
  }
  canvas.text(Role::tick, plot.right + 112, (plot.top + plot.bottom) / 2, panel.right_title,
              {.size = size::kText, .colour = ink, .anchor = Anchor::middle, .upwards = true});
}

void draw_falling(Canvas& canvas, const Series& series, const PanelLayout& layout) {
  for (const auto& [x, y, range] : series.points) {
    const double product = x * y;
    const double end = std::min(layout.x.high, product / layout.y.low);  // where it leaves the plot below
    if (end > x) canvas.line(layout.x(x), layout.y(y), layout.x(end), layout.y(product / end), series.line);
  }
}

void draw_range(Canvas& canvas, double x, double low, double high, const Stroke& line) {
  if (low - high < 1) return;
  canvas.line(x, low, x, high, line);
  for (const double y : {low, high}) canvas.line(x - 7, y, x + 7, y, line);
}

void draw_series(Canvas& canvas, const Series& series, const Panel& panel, const PanelLayout& layout) {
  const double factor = series.on_right ? panel.right_factor : 1;
  std::vector<std::pair<double, double>> places;
  for (const SeriesPoint& point : series.points) {
    const double x = layout.x(point.x);
    places.emplace_back(x, layout.y(point.y * factor));
    if (!point.range) continue;
    draw_range(canvas, x, layout.y(point.range->first * factor), layout.y(point.range->second * factor), series.line);
  }
  if (places.size() > 1) canvas.polyline(places, series.line);
  if (!series.marker) return;
  for (const auto& [x, y] : places) canvas.marker(Role::point, x, y, *series.marker);
}

}  // namespace

void draw_heading(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const double middle = layout.plot.middle();
  canvas.text(Role::heading, middle, layout.title_y, panel.title, {.size = size::kTitle, .anchor = Anchor::middle, .bold = true});
  canvas.text(Role::heading, middle, layout.title_y + size::kLine, panel.subtitle,
              {.size = size::kText, .colour = colour::kGrey, .anchor = Anchor::middle});
  double y = layout.notes_y;
  for (const std::string& line : layout.notes) {
    canvas.text(Role::note, layout.left + size::kPanel / 2, y, line,
                {.size = size::kTick, .colour = colour::kVermillion, .anchor = Anchor::middle});
    y += size::kLine;
  }
}

void draw_plot(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  draw_grid(canvas, layout);
  draw_axis_titles(canvas, panel, layout);
  if (panel.has_right_scale()) draw_right_scale(canvas, panel, layout);
  std::vector<const Series*> from_below;
  for (const Series& series : panel.series) from_below.push_back(&series);
  std::ranges::stable_sort(from_below, {}, &Series::layer);
  for (const Series* series : from_below) {
    if (series->falls_on) {
      draw_falling(canvas, *series, layout);
    } else {
      draw_series(canvas, *series, panel, layout);
    }
  }
}

}  // namespace hpcai::draw
