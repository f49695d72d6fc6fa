#include "hpcai/draw/panel_table.h"

namespace hpcai::draw {
namespace {

// From a column's place on the axis to the column, where columns had to make room for each other.
void draw_leaders(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  for (size_t i = 0; i < panel.columns.size(); ++i) {
    const double x = layout.x(panel.columns[i].x), top = layout.plot.bottom + 62, bottom = layout.table_y - 20;
    canvas.polyline({{x, top}, {x, top + 5}, {layout.columns[i], bottom - 5}, {layout.columns[i], bottom}}, {colour::kFrame, 1});
  }
}

}  // namespace

void draw_table(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  draw_leaders(canvas, panel, layout);
  double y = layout.table_y;
  for (size_t row = 0; row < panel.rows.size(); ++row) {
    const bool first = row == 0;
    canvas.text(Role::cell, layout.plot.left - 8, y, panel.rows[row],
                {.size = size::kCell, .anchor = Anchor::end, .bold = first});
    for (size_t i = 0; i < panel.columns.size(); ++i) {
      const bool estimated = panel.columns[i].estimated;
      canvas.text(Role::cell, layout.columns[i], y, panel.columns[i].cells.at(row),
                  {.size = size::kCell,
                   .colour = estimated ? colour::kBlue : colour::kInk,
                   .anchor = Anchor::middle,
                   .bold = first,
                   .italic = estimated});
    }
    if (first) canvas.line(layout.left + 20, y + 8, layout.left + size::kPanel - 20, y + 8, {colour::kFrame, 1});
    y += size::kLine;
  }
}

}  // namespace hpcai::draw
