#pragma once

#include <optional>
#include <string_view>

namespace hpcai::data {

// The number that a cell of a table holds: NaN for a missing value (is_missing of class_labels.h), nothing for other texts and
// for infinite values. Blanks around it and a plus sign are allowed.
std::optional<double> number_of_cell(std::string_view cell);

}  // namespace hpcai::data
