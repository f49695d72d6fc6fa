#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hpcai/draw/svg.h"

// What a panel of a figure shows: times against a number, both on log axes, and beneath the plot a table and bars in columns.
namespace hpcai::draw {

struct SeriesPoint {
  double x = 0, y = 0;                                  // y in seconds
  std::optional<std::pair<double, double>> range = {};  // lowest and highest y, drawn as a vertical line
};

struct Series {
  std::string label;  // in the legend
  std::vector<SeriesPoint> points;
  Stroke line;
  std::optional<MarkerStyle> marker = std::nullopt;  // none: the line alone
  int layer = 0;                                     // a series of a higher layer lies above one of a lower
  bool on_right = false;                             // its y count on the right scale
  bool falls_on = false;                             // its one point begins the line y ~ 1/x, which ends at the plot's edge
};

// A part of all bars.
struct BarPart {
  std::string name;
  std::string_view colour;
};

struct Column {
  double x = 0;                    // its place on the axis
  std::vector<std::string> cells;  // one for each of Panel::rows
  std::vector<double> parts;       // one for each of Panel::parts, in any unit; empty or all 0: no bar
  bool estimated = false;          // drawn as what was not measured
};

struct Panel {
  std::string title, subtitle;
  std::vector<std::string> notes;  // what must be said above the plot
  std::string x_title, y_title;
  double right_factor = 1;  // seconds on the left for each on the right scale, at the same height; 1: there is no right scale
  std::string right_title;
  std::string_view right_colour = colour::kInk;
  std::vector<Series> series;           // in the legend's order, at most six; x and y above 0
  std::vector<std::string> rows;        // of the table
  std::vector<Column> columns;          // by rising x
  std::vector<BarPart> parts;           // from the bottom of a bar to its top
  std::vector<std::string> bars_title;  // lines

  bool has_right_scale() const { return right_factor != 1; }
};

}  // namespace hpcai::draw
