#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/scaling/study/curve.h"

namespace hpcai::scaling {

// A curve as a panel of Figure 1. Where the paper's times are more than ten times longer or shorter than ours they get the right
// scale, on which the paper's one-GPU time lies on the ideal line at one rank.
draw::Panel panel_of(const Curve& curve);

}  // namespace hpcai::scaling
