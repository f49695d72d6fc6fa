#include <fmt/format.h>

#include <algorithm>

#include "hpcai/scaling/study/panel.h"

namespace hpcai::scaling {
namespace {

void draw_grid(Canvas& canvas, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  for (const Tick& tick : rank_ticks(layout.ranks, size::kTick)) {
    const double x = layout.ranks(tick.value);
    canvas.line(x, plot.top, x, plot.bottom, {colour::kGrid, 1});
    canvas.text(Role::tick, x, plot.bottom + 24, tick.label, {.size = size::kTick, .anchor = Anchor::middle});
  }
  for (const Tick& tick : time_ticks(layout.time.low, layout.time.high, 8)) {
    const double y = layout.time(tick.value);
    canvas.line(plot.left, y, plot.right, y, {colour::kGrid, 1});
    canvas.text(Role::tick, plot.left - 8, y + 6, tick.label, {.size = size::kTick, .anchor = Anchor::end});
  }
  canvas.frame(plot, {colour::kFrame, 1});
}

void draw_axis_titles(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  canvas.text(Role::tick, plot.middle(), plot.bottom + 51, "ranks (GPUs, or processes on CPUs)",
              {.size = size::kText, .anchor = Anchor::middle});
  canvas.text(Role::tick, plot.left - 100, (plot.top + plot.bottom) / 2, fmt::format("time to {}", describe(curve.target)),
              {.size = size::kText, .anchor = Anchor::middle, .upwards = true});
}

// The scale of the published times on the right: our times divided by paper_factor.
void draw_paper_scale(Canvas& canvas, const PanelLayout& layout) {
  const Rectangle& plot = layout.plot;
  const auto& ink = style::kPaper[0].colour;
  for (const Tick& tick : time_ticks(layout.time.low / layout.paper_factor, layout.time.high / layout.paper_factor, 8)) {
    const double y = layout.time(tick.value * layout.paper_factor);
    canvas.line(plot.right, y, plot.right + 5, y, {ink, 1.5});
    canvas.text(Role::tick, plot.right + 9, y + 6, tick.label, {.size = size::kTick, .colour = ink});
  }
  canvas.text(Role::tick, plot.right + 112, (plot.top + plot.bottom) / 2, "the paper\u2019s time",
              {.size = size::kText, .colour = ink, .anchor = Anchor::middle, .upwards = true});
}

void draw_ideal(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  const Point* base = curve.base();
  if (!base) return;
  const double work = base->time_s->median * base->world;
  const double end = std::min(layout.ranks.high, work / layout.time.low);  // the ideal line leaves the plot at its lower edge
  if (end <= base->world) return;
  canvas.line(layout.ranks(base->world), layout.time(base->time_s->median), layout.ranks(end), layout.time(work / end),
              style::kIdealLine);
}

void draw_paper(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  for (size_t i = 0; i < curve.published.size(); ++i) {
    std::vector<std::pair<double, double>> places;
    for (const auto& [gpus, time_s] : curve.published[i].points) {
      places.emplace_back(layout.ranks(gpus), layout.time(time_s * layout.paper_factor));
    }
    const size_t look = std::min<size_t>(i, 1);
    canvas.polyline(places, style::kPaperLines[look]);
    for (const auto& [x, y] : places) canvas.marker(Role::point, x, y, style::kPaper[look]);
  }
}

void draw_predictions(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  std::vector<std::pair<double, double>> places;
  for (const PredictedPoint& point : curve.predictions) places.emplace_back(layout.ranks(point.world), layout.time(point.time_s));
  if (places.size() > 1) canvas.polyline(places, style::kPredictedLine);
  for (const auto& [x, y] : places) canvas.marker(Role::point, x, y, style::kPredicted);
}

void draw_measured(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  std::vector<std::pair<double, double>> places;
  for (const Point& point : curve.points) {
    if (!point.time_s) continue;
    const double x = layout.ranks(point.world);
    places.emplace_back(x, layout.time(point.time_s->median));
    const double low = layout.time(point.time_s->low), high = layout.time(point.time_s->high);
    if (low - high < 1) continue;
    canvas.line(x, low, x, high, style::kMeasuredLine);
    for (const double y : {low, high}) canvas.line(x - 7, y, x + 7, y, style::kMeasuredLine);
  }
  if (places.size() > 1) canvas.polyline(places, style::kMeasuredLine);
  for (const auto& [x, y] : places) canvas.marker(Role::point, x, y, style::kMeasured);
}

}  // namespace

void draw_heading(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  const double middle = layout.plot.middle();
  canvas.text(Role::heading, middle, layout.title_y, curve.name, {.size = size::kTitle, .anchor = Anchor::middle, .bold = true});
  canvas.text(Role::heading, middle, layout.title_y + size::kLine,
              curve.weak ? "weak scaling: the same batch on every rank" : "strong scaling: the same global batch",
              {.size = size::kText, .colour = colour::kGrey, .anchor = Anchor::middle});
  double y = layout.notes_y;
  for (const std::string& line : layout.notes) {
    canvas.text(Role::note, layout.left + size::kPanel / 2, y, line,
                {.size = size::kTick, .colour = colour::kVermillion, .anchor = Anchor::middle});
    y += size::kLine;
  }
}

void draw_plot(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  draw_grid(canvas, layout);
  draw_axis_titles(canvas, curve, layout);
  if (layout.own_paper_scale()) draw_paper_scale(canvas, layout);
  draw_ideal(canvas, curve, layout);
  draw_paper(canvas, curve, layout);
  draw_predictions(canvas, curve, layout);
  draw_measured(canvas, curve, layout);
}

}  // namespace hpcai::scaling
