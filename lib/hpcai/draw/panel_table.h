#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/draw/panel_layout.h"

namespace hpcai::draw {

// The numbers beneath the plot.
void draw_table(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

}  // namespace hpcai::draw
