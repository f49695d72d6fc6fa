#pragma once

#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/draw/svg.h"

namespace hpcai::scaling {

using namespace draw;

// Figure 1: one panel for each experiment side by side, each with time to quality against ranks on log axes, and beneath it
// the numbers and the split of a step in columns. `footer` says where and when it was measured.
Canvas draw_figure(const std::vector<Curve>& curves, const std::string& footer);

}  // namespace hpcai::scaling
