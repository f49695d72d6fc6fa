#include "hpcai/data/tables/cutout_column.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/numeric_cell.h"

namespace hpcai::data {

CutoutColumn::CutoutColumn(const Csv& csv, const CutoutConfig& config)
    : csv_(csv), config_(config), column_(csv.column(config.column)) {}

int64_t CutoutColumn::side(int64_t row) const {
  constexpr double kLargestSide = 1e6;
  const std::string& cell = csv_.cell(row, column_);
  const double side = std::round(config_.factor * number_of_cell(cell).value_or(NAN) / config_.pixel_scale);
  if (side >= 1 && side <= kLargestSide) return static_cast<int64_t>(side);
  throw Error(ExitCode::bad_data,
              fmt::format("{}: column {} holds '{}', which gives no cut-out{}", csv_.where(row), printable(config_.column, 60),
                          printable(cell, 40), std::isnan(side) ? "" : fmt::format(" ({:g} pixels)", side)),
              "Correct the size, remove the row, or leave such rows out with data.filter.");
}

}  // namespace hpcai::data
