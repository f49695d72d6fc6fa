#include "hpcai/draw/matrix_chart.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "canvas_checks.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

MatrixChart matrix_of(std::vector<std::string> names) {
  MatrixChart chart{.title = "Confusion matrix",
                    .subtitle = "of a test with a long name, longer than the matrix",
                    .description = "counts",
                    .row_title = "true class",
                    .column_title = "predicted class; parts of the true class with 95 % intervals",
                    .names = std::move(names),
                    .cells = {}};
  for (size_t r = 0; r < chart.names.size(); ++r) {
    std::vector<MatrixCell> row;
    for (size_t c = 0; c < chart.names.size(); ++c) {
      row.push_back({{std::to_string(10 * r + c), "12.5 %", "3.0 to 45.0 %"}, r == c ? 1.0 : 0.1});
    }
    chart.cells.push_back(row);
  }
  return chart;
}

}  // namespace

TEST_CASE("matrix charts are well-formed and inside their canvas") {
  const std::vector<std::vector<std::string>> all = {
      {"a"}, {"elliptical", "spiral"}, {"a", "name that is longer than a cell", "c"}, std::vector<std::string>(12, "class")};
  for (const auto& names : all) {
    const Canvas canvas = draw_matrix_chart(matrix_of(names));
    check_layout(canvas);
    check_well_formed(canvas.svg());
    CHECK(says(canvas, names.back()));
    CHECK(says(canvas, "3.0 to 45.0 %"));
  }
}

TEST_CASE("text on a dark cell is white") {
  const std::string svg = draw_matrix_chart(matrix_of({"a", "b"})).svg();
  CHECK(occurrences_of("fill=\"#ffffff\" text-anchor", svg) == 6);  // three lines in two cells
}

TEST_CASE("a matrix whose cells and names disagree is refused") {
  MatrixChart chart = matrix_of({"a", "b"});
  chart.cells[1].pop_back();
  CHECK_THROWS_AS(draw_matrix_chart(chart), std::invalid_argument);
  CHECK_THROWS_AS(draw_matrix_chart(matrix_of({})), std::invalid_argument);
}
