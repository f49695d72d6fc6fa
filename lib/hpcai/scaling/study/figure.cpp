#include "hpcai/scaling/study/figure.h"

#include <algorithm>

#include "hpcai/scaling/study/panel.h"

namespace hpcai::scaling {

Canvas draw_figure(const std::vector<Curve>& curves, const std::string& footer) {
  size_t note_lines = 0;
  for (const Curve& curve : curves) note_lines = std::max(note_lines, panel_notes(curve).size());
  std::vector<PanelLayout> layouts;
  double left = 0, bottom = 0;
  for (const Curve& curve : curves) {
    layouts.push_back(lay_out_panel(curve, left, 0, note_lines));
    left += size::kPanel;
    bottom = std::max(bottom, layouts.back().bottom);
  }
  const auto footer_lines = wrap(footer, size::kCell, left - 60);
  std::string description = "Time to a stated quality against the number of ranks";
  for (const Curve& curve : curves) description += (&curve == curves.data() ? ": " : ", ") + curve.name;

  Canvas canvas(left, bottom + static_cast<double>(footer_lines.size()) * 23 + 12, description);
  for (size_t i = 0; i < curves.size(); ++i) {
    draw_heading(canvas, curves[i], layouts[i]);
    draw_legend(canvas, curves[i], layouts[i]);
    draw_plot(canvas, curves[i], layouts[i]);
    draw_table(canvas, curves[i], layouts[i]);
    draw_bars(canvas, layouts[i]);
  }
  double y = bottom + 16;
  for (const std::string& line : footer_lines) {
    canvas.text(Role::note, 30, y, line, {.size = size::kCell, .colour = colour::kGrey});
    y += 23;
  }
  return canvas;
}

}  // namespace hpcai::scaling
