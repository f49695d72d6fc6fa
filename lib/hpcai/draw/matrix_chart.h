#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

struct MatrixCell {
  std::vector<std::string> lines;  // the first one is larger
  double shade = 0;                // 0 (white) to 1
};

// A square table of numbers, such as a confusion matrix, whose cells are the darker the larger the number is.
struct MatrixChart {
  std::string title, subtitle, description;    // the description is read to those who cannot see the picture
  std::string row_title, column_title;         // "true class", "predicted class"
  std::vector<std::string> names;              // of the rows and of the columns
  std::vector<std::vector<MatrixCell>> cells;  // [row][column]
};

// Throws std::invalid_argument without names, or if the cells are not as many as names times names.
Canvas draw_matrix_chart(const MatrixChart& chart);

}  // namespace hpcai::draw
