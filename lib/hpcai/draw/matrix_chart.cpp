#include "hpcai/draw/matrix_chart.h"

#include <algorithm>
#include <stdexcept>

namespace hpcai::draw {
namespace {

constexpr double kMatrixTop = 84, kMatrixMargin = 24, kNameText = 18, kFirstText = 20, kOtherText = 15;
constexpr double kLeastCell = 64, kCellMargin = 12, kDarkShade = 0.55;

void check_matrix(const MatrixChart& chart) {
  const auto square = [&](const auto& row) { return row.size() == chart.names.size(); };
  if (chart.names.empty() || !square(chart.cells) || !std::ranges::all_of(chart.cells, square)) {
    throw std::invalid_argument("matrix chart: one cell for each pair of names is needed");
  }
}

double size_of_line(size_t line) { return line == 0 ? kFirstText : kOtherText; }

// The side of a cell in which all texts fit.
double cell_side(const MatrixChart& chart) {
  double side = kLeastCell;
  for (const auto& row : chart.cells) {
    for (const MatrixCell& cell : row) {
      for (size_t i = 0; i < cell.lines.size(); ++i) {
        side = std::max(side, text_width(cell.lines[i], size_of_line(i), i == 0) + kCellMargin);
      }
      side = std::max(side, 26 * static_cast<double>(cell.lines.size()) + kCellMargin);
    }
  }
  return side;
}

void draw_cell(Canvas& canvas, const Rectangle& box, const MatrixCell& cell) {
  canvas.area({{{box.left, box.top}, {box.right, box.top}, {box.right, box.bottom}, {box.left, box.bottom}}}, colour::kBlue,
              std::clamp(cell.shade, 0.0, 1.0));
  canvas.frame(box, {colour::kFrame, 1});
  const auto lines = static_cast<double>(cell.lines.size());
  double y = (box.top + box.bottom) / 2 - 12 * (lines - 1) + 7;
  for (size_t i = 0; i < cell.lines.size(); ++i, y += 24) {
    canvas.text(Role::cell, box.middle(), y, cell.lines[i],
                {.size = size_of_line(i),
                 .colour = cell.shade > kDarkShade ? "#ffffff" : colour::kInk,
                 .anchor = Anchor::middle,
                 .bold = i == 0});
  }
}

}  // namespace

Canvas draw_matrix_chart(const MatrixChart& chart) {
  check_matrix(chart);
  const double side = cell_side(chart), count = static_cast<double>(chart.names.size());
  double widest = 0;
  for (const std::string& name : chart.names) widest = std::max(widest, text_width(name, kNameText));
  const bool upwards = widest > side - kCellMargin;
  const double left = kMatrixMargin + 30 + widest + 12;
  const Rectangle matrix{left, kMatrixTop, left + count * side, kMatrixTop + count * side};
  const double names_height = upwards ? widest + 20 : 30;
  const double titles =
      std::max({text_width(chart.title, 22, true), text_width(chart.subtitle, kNameText), matrix.right - kMatrixMargin});
  // A title of an axis may be longer than a small matrix.
  const double row_title = text_width(chart.row_title, kNameText), column_title = text_width(chart.column_title, kNameText);
  const double column_title_x = std::max(matrix.middle(), kMatrixMargin + column_title / 2);
  const double right = std::max(kMatrixMargin + titles, column_title_x + column_title / 2);
  Canvas canvas(right + kMatrixMargin,
                std::max(matrix.bottom + names_height + 36, matrix.top + (count * side + row_title) / 2 + kMatrixMargin),
                chart.description);
  canvas.text(Role::heading, kMatrixMargin, 34, chart.title, {.size = 22, .bold = true});
  canvas.text(Role::heading, kMatrixMargin, 64, chart.subtitle, {.size = kNameText, .colour = colour::kGrey});
  for (size_t r = 0; r < chart.names.size(); ++r) {
    const double top = matrix.top + static_cast<double>(r) * side;
    canvas.text(Role::tick, matrix.left - 12, top + side / 2 + 6, chart.names[r], {.size = kNameText, .anchor = Anchor::end});
    for (size_t c = 0; c < chart.names.size(); ++c) {
      const double start = matrix.left + static_cast<double>(c) * side;
      draw_cell(canvas, {start, top, start + side, top + side}, chart.cells[r][c]);
    }
  }
  for (size_t c = 0; c < chart.names.size(); ++c) {
    const double middle = matrix.left + (static_cast<double>(c) + 0.5) * side;
    if (upwards) {
      canvas.text(Role::tick, middle + 6, matrix.bottom + 10, chart.names[c],
                  {.size = kNameText, .anchor = Anchor::end, .upwards = true});
    } else {
      canvas.text(Role::tick, middle, matrix.bottom + 26, chart.names[c], {.size = kNameText, .anchor = Anchor::middle});
    }
  }
  canvas.text(Role::tick, kMatrixMargin + 14, (matrix.top + matrix.bottom) / 2, chart.row_title,
              {.size = kNameText, .colour = colour::kGrey, .anchor = Anchor::middle, .upwards = true});
  canvas.text(Role::tick, column_title_x, matrix.bottom + names_height + 22, chart.column_title,
              {.size = kNameText, .colour = colour::kGrey, .anchor = Anchor::middle});
  return canvas;
}

}  // namespace hpcai::draw
