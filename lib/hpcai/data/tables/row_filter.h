#pragma once

#include <string>
#include <vector>

#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/filter_syntax.h"

namespace hpcai::data {

// A condition on the columns of a table (filter_syntax.h), such as "P_CS >= 0.985 and r < 17".
class RowFilter {
 public:
  // `setting` names the condition in messages: "data.filter", "--filter". Throws Error{usage} for what is no condition.
  RowFilter(std::string text, std::string setting);

  // The columns that it names.
  std::vector<std::string> columns() const;

  // For each row, 1 if the condition is true, else 0. A comparison is false where a cell is missing (is_missing of
  // class_labels.h) or a division is by zero. Numbers that differ by rounding alone, at most 4.4e-16 of their size, are equal.
  // Two columns are compared as numbers where both hold one, else as texts. Throws Error{usage} with the nearest name for a
  // column that the table lacks, and Error{bad_data} with the row for a cell that is not the number it should be.
  std::vector<char> keeps(const Csv& csv) const;

 private:
  std::string text_;
  std::string setting_;
  std::vector<FilterNode> nodes_;
};

// Removes the rows that do not fulfil the condition, and tells how many remain. Throws what RowFilter does, and Error{bad_data}
// if none remains.
void apply_filter(Csv& csv, const RowFilter& filter, const std::string& setting);

}  // namespace hpcai::data
