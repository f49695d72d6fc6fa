#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hpcai::draw {

// One quantity against another: two series of the same length, y above 0.
struct ScatterPanel {
  std::string x_title;
  std::vector<double> x, y;
};

// An SVG document with one panel for each quantity x, `columns` side by side, and one logarithmic scale for y. A panel shows the
// points, and the median, 90 % and 99 % quantile of y in bins of x. Of more than 2,000 points a subset, evenly spread, is drawn;
// the quantiles are those of all. Throws Error{usage} without panels or columns. Throws Error{bad_data} that names the panel if
// its series are empty, differ in length, are not finite, or hold a y that is not above 0.
std::string scatter_sheet_svg(std::span<const ScatterPanel> panels, int64_t columns, const std::string& title,
                              const std::string& y_title);

}  // namespace hpcai::draw
