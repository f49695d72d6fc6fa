#include "hpcai/data/tables/numeric_cell.h"

#include <limits>

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

}  // namespace hpcai::data
