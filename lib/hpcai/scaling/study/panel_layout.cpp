#include "hpcai/scaling/study/panel_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hpcai::scaling {
namespace {

constexpr double kSameAxis = 10;  // published times share our axis if they are at most this many times longer or shorter
constexpr int kLegendLines = 3, kTableRows = 8;

// PanelLayout::paper_factor: puts the first point of the first published series on our ideal line at one rank.
double paper_factor(const Curve& curve) {
  const Point* base = curve.base();
  if (!base || curve.published.empty()) return 1;
  const double one_rank = base->time_s->median * base->world;
  const double factor = one_rank / curve.published.front().points.front().second;
  return factor <= kSameAxis && factor >= 1 / kSameAxis ? 1 : factor;
}

std::vector<double> all_times(const Curve& curve, double factor) {
  std::vector<double> times;
  for (const Point& point : curve.points) {
    if (point.time_s) times.insert(times.end(), {point.time_s->low, point.time_s->high});
  }
  for (const PredictedPoint& point : curve.predictions) times.push_back(point.time_s);
  for (const PublishedSeries& series : curve.published) {
    for (const auto& [gpus, time_s] : series.points) times.push_back(factor * time_s);
  }
  if (times.empty()) times = {1, 10};
  return times;
}

std::vector<double> all_worlds(const Curve& curve) {
  std::vector<double> worlds;
  for (const Point& point : curve.points) worlds.push_back(point.world);
  for (const PredictedPoint& point : curve.predictions) worlds.push_back(point.world);
  for (const PublishedSeries& series : curve.published) {
    for (const auto& [gpus, time_s] : series.points) worlds.push_back(gpus);
  }
  if (worlds.empty()) worlds = {1, 2};
  return worlds;
}

std::vector<Column> choose_columns(const Curve& curve) {
  std::vector<Column> columns;
  for (const Point& point : curve.points) columns.push_back({.world = point.world, .measured = &point});
  for (const PredictedPoint& point : curve.predictions) {
    const bool wanted = std::ranges::find(kPredictedColumns, point.world) != std::end(kPredictedColumns);
    const bool measured = std::ranges::any_of(columns, [&](const Column& column) { return column.world == point.world; });
    if (wanted && !measured) columns.push_back({.world = point.world, .predicted = &point});
  }
  std::ranges::sort(columns, {}, &Column::world);
  return columns;
}

void place_columns(std::vector<Column>& columns, const LogAxis& ranks) {
  std::vector<double> positions;
  for (const Column& column : columns) positions.push_back(ranks(column.world));
  // the row labels end 30 pixels left of the axis; the room of the right scale continues to the right of it
  positions = spread_apart(positions, size::kColumn, ranks.start, ranks.stop + size::kRight - 14);
  for (size_t i = 0; i < columns.size(); ++i) columns[i].x = positions[i];
}

}  // namespace

std::vector<std::string> panel_notes(const Curve& curve) {
  std::vector<std::string> notes;
  const std::string warning = input_warning(curve);
  if (!warning.empty()) notes.push_back(warning);
  if (!curve.base() && !curve.points.empty()) notes.push_back("No run reached the target.");
  std::vector<std::string> lines;
  for (const std::string& note : notes) {
    const auto wrapped = wrap(note, size::kTick, size::kPanel - 60);
    lines.insert(lines.end(), wrapped.begin(), wrapped.end());
  }
  return lines;
}

PanelLayout lay_out_panel(const Curve& curve, double left, double top, size_t note_lines) {
  PanelLayout layout;
  layout.left = left;
  layout.notes = panel_notes(curve);
  layout.title_y = top + 32;
  layout.notes_y = layout.title_y + 2 * size::kLine + 4;
  layout.legend_y = layout.notes_y + static_cast<double>(note_lines) * size::kLine + 4;
  const double plot_top = layout.legend_y + kLegendLines * size::kLine - 8;
  layout.plot = {left + size::kLeft, plot_top, left + size::kPanel - size::kRight, plot_top + size::kPlot};
  layout.table_y = layout.plot.bottom + 106;
  const double bars_top = layout.table_y + (kTableRows - 1) * size::kLine + 18;
  layout.bars = {layout.plot.left, bars_top, layout.plot.right, bars_top + size::kBars};
  layout.bottom = layout.bars.bottom + 2 * size::kLine + 14;

  const auto worlds = all_worlds(curve);
  const double most = std::max(*std::ranges::max_element(worlds), 2 * *std::ranges::min_element(worlds));
  layout.ranks = {*std::ranges::min_element(worlds), most, layout.plot.left + 30, layout.plot.right - 30};
  layout.paper_factor = paper_factor(curve);
  const auto times = all_times(curve, layout.paper_factor);
  layout.time = {*std::ranges::min_element(times) / 1.6, *std::ranges::max_element(times) * 1.6, layout.plot.bottom,
                 layout.plot.top};
  layout.columns = choose_columns(curve);
  place_columns(layout.columns, layout.ranks);
  return layout;
}

}  // namespace hpcai::scaling
