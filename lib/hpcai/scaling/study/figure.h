#pragma once

#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/draw/svg.h"

namespace hpcai::scaling {

using namespace draw;

// Draws one panel for each curve, side by side, like Figure 1 of Huerta et al. 2020. A panel shows the time to the target against
// the number of ranks on logarithmic axes, with a table and the parts of a step below. `footer` is a text below all panels.
Canvas draw_figure(const std::vector<Curve>& curves, const std::string& footer);

}  // namespace hpcai::scaling
