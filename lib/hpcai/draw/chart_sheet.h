#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hpcai/draw/histogram_chart.h"
#include "hpcai/draw/quantile_chart.h"
#include "hpcai/draw/svg.h"

namespace hpcai::draw {

using Chart = std::variant<QuantileChart, HistogramChart>;

// Charts in rows of `columns`. `description` is read to those who cannot see the picture. Throws Error{usage} without charts or
// columns, and what the charts throw.
Canvas draw_chart_sheet(const std::vector<Chart>& charts, size_t columns, const std::string& description);

}  // namespace hpcai::draw
