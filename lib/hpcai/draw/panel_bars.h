#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/draw/panel_layout.h"

namespace hpcai::draw {

// The bars, in the table's columns.
void draw_bars(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

}  // namespace hpcai::draw
