#include "hpcai/draw/panel_layout.h"

#include <algorithm>

namespace hpcai::draw {
namespace {

constexpr int kLegendLines = 3;

std::vector<double> all_y(const Panel& panel) {
  std::vector<double> all;
  for (const Series& series : panel.series) {
    const double factor = series.on_right ? panel.right_factor : 1;
    for (const SeriesPoint& point : series.points) {
      all.push_back(factor * point.y);
      if (point.range) all.insert(all.end(), {factor * point.range->first, factor * point.range->second});
    }
  }
  if (all.empty()) all = {1, 10};
  return all;
}

std::vector<double> all_x(const Panel& panel) {
  std::vector<double> all;
  for (const Column& column : panel.columns) all.push_back(column.x);
  for (const Series& series : panel.series) {
    for (const SeriesPoint& point : series.points) all.push_back(point.x);
  }
  if (all.empty()) all = {1, 2};
  return all;
}

std::vector<double> place_columns(const Panel& panel, const LogAxis& x) {
  std::vector<double> places;
  for (const Column& column : panel.columns) places.push_back(x(column.x));
  // the row labels end 30 pixels before the axis begins; behind its end there is the room of the right scale
  return spread_apart(places, size::kColumn, x.start, x.stop + size::kRight - 14);
}

}  // namespace

std::vector<std::string> panel_notes(const Panel& panel) {
  std::vector<std::string> lines;
  for (const std::string& note : panel.notes) {
    const auto wrapped = wrap(note, size::kTick, size::kPanel - 60);
    lines.insert(lines.end(), wrapped.begin(), wrapped.end());
  }
  return lines;
}

PanelLayout lay_out_panel(const Panel& panel, double left, double top, size_t note_lines) {
  PanelLayout layout;
  layout.left = left;
  layout.notes = panel_notes(panel);
  layout.title_y = top + 32;
  layout.notes_y = layout.title_y + 2 * size::kLine + 4;
  layout.legend_y = layout.notes_y + static_cast<double>(note_lines) * size::kLine + 4;
  const double plot_top = layout.legend_y + kLegendLines * size::kLine - 8;
  layout.plot = {left + size::kLeft, plot_top, left + size::kPanel - size::kRight, plot_top + size::kPlot};
  layout.table_y = layout.plot.bottom + 106;
  const double bars_top = layout.table_y + (static_cast<double>(panel.rows.size()) - 1) * size::kLine + 18;
  layout.bars = {layout.plot.left, bars_top, layout.plot.right, bars_top + size::kBars};
  layout.bottom = layout.bars.bottom + 2 * size::kLine + 14;

  const auto [first, last] = std::ranges::minmax(all_x(panel));
  layout.x = {first, std::max(last, 2 * first), layout.plot.left + 30, layout.plot.right - 30};
  const auto [least, most] = std::ranges::minmax(all_y(panel));
  layout.y = {least / 1.6, most * 1.6, layout.plot.bottom, layout.plot.top};
  layout.columns = place_columns(panel, layout.x);
  return layout;
}

}  // namespace hpcai::draw
