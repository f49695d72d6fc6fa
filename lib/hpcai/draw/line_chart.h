#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hpcai/draw/chart_frame.h"
#include "hpcai/draw/svg.h"

namespace hpcai::draw {

struct ChartLine {
  std::string label;                              // in the legend
  std::vector<std::pair<double, double>> points;  // x, y by rising x, within the axes
  Stroke stroke = {};
  bool marked = false;                                 // a sign at each point
  std::vector<std::pair<double, double>> ranges = {};  // lowest and highest y at each point: bars of a marked line, else a band
  std::string ranges_label = {};                       // in the legend
};

// A bar that stands on the lower end of the y axis.
struct ChartBar {
  double from = 0, to = 0, height = 0;
};

// Lines between two axes, with the legend on the right.
struct LineChart {
  std::string title, subtitle, description;  // the description is read to those who cannot see the picture
  ChartAxis x, y;
  std::vector<ChartLine> lines;
  std::vector<ChartBar> bars = {};
  std::string bars_label = {};
  std::string diagonal_label = {};  // of the line from one corner to the other; empty: there is none
};

// Throws std::invalid_argument if a line has ranges, but not one for each point.
Canvas draw_line_chart(const LineChart& chart);

// A colour, and from the eighth line on dashes, for the line `index` of a chart.
Stroke line_stroke(size_t index);

}  // namespace hpcai::draw
