#include "hpcai/data/tables/numeric_cell.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {

std::optional<double> number_of_cell(std::string_view cell) {
  std::string_view text = trim_cell(cell);
  if (is_missing(text)) return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_number<double>(text);
}

double number_in(const Csv& csv, int64_t row, size_t column, double largest, const std::string& remedy) {
  const std::string& cell = csv.cell(row, column);
  if (const auto number = number_of_cell(cell); number && std::abs(*number) <= largest) return *number;
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: {} = '{}' is not a finite number", csv.where(row), printable(csv.columns()[column]), printable(cell, 40)),
      remedy);
}

}  // namespace hpcai::data
