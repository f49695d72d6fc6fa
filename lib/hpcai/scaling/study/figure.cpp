#include "hpcai/scaling/study/figure.h"

#include "hpcai/draw/figure.h"
#include "hpcai/scaling/study/curve_panel.h"

namespace hpcai::scaling {

draw::Canvas draw_figure(const std::vector<Curve>& curves, const std::string& footer) {
  std::vector<draw::Panel> panels;
  std::string description = "Time to a stated quality against the number of ranks";
  for (const Curve& curve : curves) {
    description += (panels.empty() ? ": " : ", ") + curve.name;
    panels.push_back(panel_of(curve));
  }
  return draw::draw_figure(panels, description, footer);
}

}  // namespace hpcai::scaling
