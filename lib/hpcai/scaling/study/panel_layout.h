#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/axis.h"
#include "hpcai/scaling/study/curve.h"
#include "hpcai/draw/svg.h"

// Where the parts of a panel lie, and on which scales. Chosen so that at half its size (one column of a page) no letter is
// smaller than 8 pixels.
namespace hpcai::scaling {

using namespace draw;

namespace size {
inline constexpr double kPanel = 780, kLeft = 172, kRight = 122;
inline constexpr double kTitle = 24, kText = 20, kTick = 18, kCell = 17;
inline constexpr double kLine = 27, kPlot = 400, kBars = 110;
inline constexpr double kColumn = 58;  // room for a cell of five characters
}  // namespace size

// A world that has a column in the table: measured, or a prediction that is worth numbers.
struct Column {
  int world = 0;
  double x = 0;
  const Point* measured = nullptr;
  const PredictedPoint* predicted = nullptr;  // only where nothing is measured
};

struct PanelLayout {
  double left = 0;
  std::vector<std::string> notes;
  Rectangle plot, bars;
  double title_y = 0, notes_y = 0, legend_y = 0, table_y = 0;  // of the first baseline of each
  double bottom = 0;
  LogAxis ranks{1, 2, 0, 1}, time{1, 10, 1, 0};
  // Seconds here for each published second: 1 on the same axis, else the paper's one-GPU time is put on the ideal line at one
  // rank, and the paper has a scale of its own on the right.
  double paper_factor = 1;
  std::vector<Column> columns;

  bool own_paper_scale() const { return paper_factor != 1; }
};

// Predictions that have a column.
inline constexpr int kPredictedColumns[] = {64, 1536};

// `note_lines` leaves room for that many lines of notes, so that panels side by side are level; see panel_notes.
PanelLayout lay_out_panel(const Curve& curve, double left, double top, size_t note_lines);

// What must be said above the plot, wrapped.
std::vector<std::string> panel_notes(const Curve& curve);

}  // namespace hpcai::scaling
