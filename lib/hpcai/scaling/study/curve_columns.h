#pragma once

#include "hpcai/draw/panel.h"
#include "hpcai/scaling/study/curve.h"

namespace hpcai::scaling {

// Predictions that have a column.
inline constexpr int kPredictedColumns[] = {64, 1536};

// Adds to a panel the table and the split of a step: a column for each world that was measured, or whose prediction is worth
// numbers.
void add_columns(draw::Panel& panel, const Curve& curve);

}  // namespace hpcai::scaling
