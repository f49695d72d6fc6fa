#include "hpcai/draw/panel_legend.h"

namespace hpcai::draw {
namespace {

constexpr double kSample = 44;  // length of a line beside its name

}  // namespace

void draw_legend(Canvas& canvas, const Panel& panel, const PanelLayout& layout) {
  const size_t rows = (panel.series.size() + 1) / 2;
  for (size_t i = 0; i < panel.series.size(); ++i) {
    const Series& series = panel.series[i];
    const double x = layout.left + (i < rows ? 60 : 410);
    const double y = layout.legend_y + static_cast<double>(i < rows ? i : i - rows) * size::kLine;
    canvas.line(x, y - 6, x + kSample, y - 6, series.line);
    if (series.marker) canvas.marker(Role::legend, x + kSample / 2, y - 6, *series.marker);
    canvas.text(Role::legend, x + kSample + 10, y, series.label, {.size = size::kTick});
  }
}

}  // namespace hpcai::draw
