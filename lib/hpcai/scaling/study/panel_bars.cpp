#include <algorithm>
#include <array>

#include "hpcai/scaling/study/panel.h"

namespace hpcai::scaling {
namespace {

struct Part {
  const char* name;
  std::string_view colour;
  double StepTime::*seconds;
};

constexpr std::array kParts = {Part{"compute", colour::kSkyBlue, &StepTime::compute_s},
                               Part{"exposed communication", colour::kOrange, &StepTime::exposed_communication_s},
                               Part{"input", colour::kGreen, &StepTime::input_s},
                               Part{"imbalance", colour::kYellow, &StepTime::imbalance_s}};

double sum_of_parts(const StepTime& step) {
  double sum = 0;
  for (const Part& part : kParts) sum += std::max(0.0, step.*part.seconds);
  return sum;
}

void draw_bar(Canvas& canvas, const PanelLayout& layout, const Column& column) {
  const auto& step = column.predicted ? column.predicted->step : column.measured->step;
  if (!step || sum_of_parts(*step) <= 0) return;
  const Rectangle& area = layout.bars;
  const double half = 18;
  double bottom = area.bottom;
  for (const Part& part : kParts) {
    const double height = area.height() * std::max(0.0, (*step).*part.seconds) / sum_of_parts(*step);
    if (height <= 0) continue;
    canvas.rectangle(Role::bar, {column.x - half, bottom - height, column.x + half, bottom}, part.colour);
    bottom -= height;
  }
  canvas.frame({column.x - half, area.top, column.x + half, area.bottom},
               column.predicted ? Stroke{colour::kBlue, 2, "5 4"} : Stroke{colour::kGrey, 1});
}

void draw_scale(Canvas& canvas, const PanelLayout& layout) {
  const Rectangle& area = layout.bars;
  for (const int percent : {0, 50, 100}) {
    const double y = area.bottom - area.height() * percent / 100;
    canvas.line(area.left, y, area.right + size::kRight - 20, y, {colour::kGrid, 1});
    canvas.text(Role::tick, area.left - 8, y + 6, std::to_string(percent) + " %", {.size = size::kCell, .anchor = Anchor::end});
  }
  canvas.text(Role::tick, area.left - 68, area.bottom - area.height() / 2 - 4, "split of",
              {.size = size::kCell, .anchor = Anchor::end});
  canvas.text(Role::tick, area.left - 68, area.bottom - area.height() / 2 + 18, "one step",
              {.size = size::kCell, .anchor = Anchor::end});
}

}  // namespace

void draw_bars(Canvas& canvas, const PanelLayout& layout) {
  draw_scale(canvas, layout);
  for (const Column& column : layout.columns) draw_bar(canvas, layout, column);
  double x = layout.left + 60;
  const double y = layout.bars.bottom + size::kLine + 10;
  for (const Part& part : kParts) {
    const Rectangle box{x, y - 14, x + 18, y + 2};
    canvas.rectangle(Role::legend, box, part.colour);
    canvas.frame(box, {colour::kGrey, 1});
    canvas.text(Role::legend, x + 26, y, part.name, {.size = size::kTick});
    x += 26 + text_width(part.name, size::kTick) + 24;
  }
}

}  // namespace hpcai::scaling
