#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/panel.h"
#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// Panels side by side, above a footer. `description` is read to those who cannot see the picture.
Canvas draw_figure(const std::vector<Panel>& panels, const std::string& description, const std::string& footer);

}  // namespace hpcai::draw
