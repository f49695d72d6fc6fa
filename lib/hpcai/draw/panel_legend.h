#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/draw/panel_layout.h"

namespace hpcai::draw {

// What the signs in the plot mean; above it, so that it lies on no point.
void draw_legend(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

}  // namespace hpcai::draw
