#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/axis.h"
#include "hpcai/draw/panel.h"

// Where the parts of a panel lie, and on which scales. Chosen so that at half its size (one column of a page) no letter is
// smaller than 8 pixels.
namespace hpcai::draw {

namespace size {
inline constexpr double kPanel = 780, kLeft = 172, kRight = 122;
inline constexpr double kTitle = 24, kText = 20, kTick = 18, kCell = 17;
inline constexpr double kLine = 27, kPlot = 400, kBars = 110;
inline constexpr double kColumn = 58;  // room for a cell of five characters
}  // namespace size

struct PanelLayout {
  double left = 0;
  std::vector<std::string> notes;  // lines
  Rectangle plot, bars;
  double title_y = 0, notes_y = 0, legend_y = 0, table_y = 0;  // of the first baseline of each
  double bottom = 0;
  LogAxis x{1, 2, 0, 1}, y{1, 10, 1, 0};
  std::vector<double> columns;  // the middle of each; its place on the x axis where there is room
};

// `note_lines` leaves room for that many lines of notes, so that panels side by side are level; see panel_notes.
PanelLayout lay_out_panel(const Panel& panel, double left, double top, size_t note_lines);

// The notes, wrapped.
std::vector<std::string> panel_notes(const Panel& panel);

}  // namespace hpcai::draw
