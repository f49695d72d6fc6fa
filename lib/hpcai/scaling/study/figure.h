#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/svg.h"
#include "hpcai/scaling/study/curve.h"

namespace hpcai::scaling {

// Figure 1: one panel for each experiment side by side, each with time to quality against ranks on log axes, and beneath it
// the numbers and the split of a step in columns. `footer` says where and when it was measured.
draw::Canvas draw_figure(const std::vector<Curve>& curves, const std::string& footer);

}  // namespace hpcai::scaling
