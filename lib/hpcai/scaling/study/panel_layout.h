#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/axis.h"
#include "hpcai/scaling/study/curve.h"
#include "hpcai/draw/svg.h"

// The places and scales of the parts of a panel, in pixels. At half the size (one column of a page) all letters have at least
// 8 pixels.
namespace hpcai::scaling {

using namespace draw;

namespace size {
inline constexpr double kPanel = 780, kLeft = 172, kRight = 122;
inline constexpr double kTitle = 24, kText = 20, kTick = 18, kCell = 17;
inline constexpr double kLine = 27, kPlot = 400, kBars = 110;
inline constexpr double kColumn = 58;  // room for a cell of five characters
}  // namespace size

// A column of the table. It shows a measured point, or a prediction for one of kPredictedColumns.
struct Column {
  int world = 0;
  double x = 0;
  const Point* measured = nullptr;
  const PredictedPoint* predicted = nullptr;  // null if the world was measured
};

struct PanelLayout {
  double left = 0;
  std::vector<std::string> notes;
  Rectangle plot, bars;
  double title_y = 0, notes_y = 0, legend_y = 0, table_y = 0;  // baseline of the first line of each part
  double bottom = 0;
  LogAxis ranks{1, 2, 0, 1}, time{1, 10, 1, 0};
  // Our seconds at the height of one published second. 1: the published times share our axis. Otherwise the published time of one
  // GPU is drawn on our ideal line at one rank, and the published times have a scale of their own on the right.
  double paper_factor = 1;
  std::vector<Column> columns;

  bool own_paper_scale() const { return paper_factor != 1; }
};

// The predicted worlds that have a column.
inline constexpr int kPredictedColumns[] = {64, 1536};

// Lays a panel out with its upper left corner at (left, top). `note_lines`: lines reserved for notes; equal numbers align
// neighbouring panels.
PanelLayout lay_out_panel(const Curve& curve, double left, double top, size_t note_lines);

// The warnings above the plot, as lines that fit the panel.
std::vector<std::string> panel_notes(const Curve& curve);

}  // namespace hpcai::scaling
