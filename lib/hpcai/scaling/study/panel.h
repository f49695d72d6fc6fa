#pragma once

#include "hpcai/scaling/study/panel_layout.h"

// The parts of a panel, from top to bottom. Each draws on `canvas` where `layout` says.
namespace hpcai::scaling {

// Title, target, notes.
void draw_heading(Canvas& canvas, const Curve& curve, const PanelLayout& layout);

// Lines and markers with their names. The legend lies above the plot, so that it covers no point.
void draw_legend(Canvas& canvas, const Curve& curve, const PanelLayout& layout);

// Time to the target against ranks.
void draw_plot(Canvas& canvas, const Curve& curve, const PanelLayout& layout);

// The numbers beneath, a column for each world.
void draw_table(Canvas& canvas, const Curve& curve, const PanelLayout& layout);

// The split of a step, in the table's columns.
void draw_bars(Canvas& canvas, const PanelLayout& layout);

// Markers and lines of the series, for the plot and the legend.
namespace style {
inline constexpr MarkerStyle kMeasured{Shape::circle, colour::kBlack, true, 7};
inline constexpr MarkerStyle kPredicted{Shape::circle, colour::kBlue, false, 6};
inline constexpr MarkerStyle kPaper[] = {{Shape::diamond, colour::kVermillion, true, 9},
                                         {Shape::triangle, colour::kPurple, true, 9}};
inline constexpr Stroke kMeasuredLine{colour::kBlack, 2.5};
inline constexpr Stroke kIdealLine{colour::kGrey, 1.5};
inline constexpr Stroke kPredictedLine{colour::kBlue, 2.5, "9 6"};
inline constexpr Stroke kPaperLines[] = {{colour::kVermillion, 1.5, "2 5"}, {colour::kPurple, 1.5, "2 5"}};
}  // namespace style

}  // namespace hpcai::scaling
