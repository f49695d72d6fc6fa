#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hpcai/data/tables/csv.h"

namespace hpcai::data {

// The number that a cell of a table holds: NaN for a missing value (is_missing of class_labels.h), nothing for other texts and
// for infinite values. Blanks around it and a plus sign are allowed.
std::optional<double> number_of_cell(std::string_view cell);

// The number in a cell, at most `largest` in size. Throws Error{bad_data} with the row, the column and `remedy` for another text.
double number_in(const Csv& csv, int64_t row, size_t column, double largest, const std::string& remedy);

}  // namespace hpcai::data
