#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// A value that was measured for one setting of several parameters.
struct SheetPoint {
  enum class Kind { partial, complete, best };

  double x = 0, y = 0;  // x: with categories, the index of one
  Kind kind = Kind::complete;
};

// The value against one parameter.
struct SheetPanel {
  std::string title;
  bool logarithmic = false;                  // in x; all x above 0
  std::vector<std::string> categories = {};  // if x is one of several names; long ones become 1, 2, ...
  std::vector<SheetPoint> points = {};
};

// Values against each of several parameters, and a bar for the share of each parameter.
struct ParameterSheet {
  std::string title, value_title;
  std::vector<SheetPanel> panels = {};
  std::vector<std::pair<std::string, double>> shares = {};  // 0 to 1; empty: no bars
};

// Panels in rows of three. The axis of the values is logarithmic if they are above 0 and cover more than a factor of 30. Throws
// std::invalid_argument without panels or without points.
Canvas draw_parameter_sheet(const ParameterSheet& sheet);

}  // namespace hpcai::draw
