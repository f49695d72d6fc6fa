#include "hpcai/draw/figure.h"

#include <algorithm>

#include "hpcai/draw/panel_bars.h"
#include "hpcai/draw/panel_layout.h"
#include "hpcai/draw/panel_legend.h"
#include "hpcai/draw/panel_plot.h"
#include "hpcai/draw/panel_table.h"

namespace hpcai::draw {

Canvas draw_figure(const std::vector<Panel>& panels, const std::string& description, const std::string& footer) {
  size_t note_lines = 0;
  for (const Panel& panel : panels) note_lines = std::max(note_lines, panel_notes(panel).size());
  std::vector<PanelLayout> layouts;
  double left = 0, bottom = 0;
  for (const Panel& panel : panels) {
    layouts.push_back(lay_out_panel(panel, left, 0, note_lines));
    left += size::kPanel;
    bottom = std::max(bottom, layouts.back().bottom);
  }
  const auto footer_lines = wrap(footer, size::kCell, left - 60);

  Canvas canvas(left, bottom + static_cast<double>(footer_lines.size()) * 23 + 12, description);
  for (size_t i = 0; i < panels.size(); ++i) {
    draw_heading(canvas, panels[i], layouts[i]);
    draw_legend(canvas, panels[i], layouts[i]);
    draw_plot(canvas, panels[i], layouts[i]);
    draw_table(canvas, panels[i], layouts[i]);
    draw_bars(canvas, panels[i], layouts[i]);
  }
  double y = bottom + 16;
  for (const std::string& line : footer_lines) {
    canvas.text(Role::note, 30, y, line, {.size = size::kCell, .colour = colour::kGrey});
    y += 23;
  }
  return canvas;
}

}  // namespace hpcai::draw
