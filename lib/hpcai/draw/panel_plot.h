#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/draw/panel_layout.h"

namespace hpcai::draw {

// Title, subtitle and notes of a panel.
void draw_heading(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

// The series.
void draw_plot(Canvas& canvas, const Panel& panel, const PanelLayout& layout);

}  // namespace hpcai::draw
