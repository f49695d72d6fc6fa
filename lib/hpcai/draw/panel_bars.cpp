#include "hpcai/draw/panel_bars.h"

#include <algorithm>

namespace hpcai::draw {
namespace {

void draw_bar(Canvas& canvas, const Panel& panel, const Column& column, double x, const Rectangle& area) {
  double sum = 0;
  for (const double part : column.parts) sum += std::max(0.0, part);
  if (sum <= 0) return;
  const double half = 18;
  double bottom = area.bottom;
  for (size_t i = 0; i < column.parts.size(); ++i) {
    const double height = area.height() * std::max(0.0, column.parts[i]) / sum;
    if (height <= 0) continue;
    canvas.rectangle(Role::bar, {x - half, bottom - height, x + half, bottom}, panel.parts.at(i).colour);
    bottom -= height;
  }
  canvas.frame({x - half, area.top, x + half, area.bottom},
               column.estimated ? Stroke{colour::kBlue, 2, "5 4"} : Stroke{colour::kGrey, 1});
}

void draw_scale(Canvas& canvas, const Panel& panel, const Rectangle& area) {
  for (const int percent : {0, 50, 100}) {
    const double y = area.bottom - area.height() * percent / 100;
    canvas.line(area.left, y, area.right + size::kRight - 20, y, {colour::kGrid, 1});
    canvas.text(Role::tick, area.left - 8, y + 6, std::to_string(percent) + " %", {.size = size::kCell, .anchor = Anchor::end});
  }
  double y = area.bottom - area.height() / 2 - 4;
  for (const std::string& line : panel.bars_title) {
    canvas.text(Role::tick, area.left - 68, y, line, {.size = size::kCell, .anchor = Anchor::end});
    y += 22;
  }
}

}  // namespace

void draw_bars(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  draw_scale(canvas, panel, layout.bars);
  for (size_t i = 0; i < panel.columns.size(); ++i) draw_bar(canvas, panel, panel.columns[i], layout.columns[i], layout.bars);
  double x = layout.left + 60;
  const double y = layout.bars.bottom + size::kLine + 10;
  for (const BarPart& part : panel.parts) {
    const Rectangle box{x, y - 14, x + 18, y + 2};
    canvas.rectangle(Role::legend, box, part.colour);
    canvas.frame(box, {colour::kGrey, 1});
    canvas.text(Role::legend, x + 26, y, part.name, {.size = size::kTick});
    x += 26 + text_width(part.name, size::kTick) + 24;
  }
}

}  // namespace hpcai::draw
