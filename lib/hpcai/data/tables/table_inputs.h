#pragma once

#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/table_config.h"

namespace hpcai::data {

// Which columns of a table the network sees, and what it learnt about them from the training rows.
struct TableInputs {
  struct Category {
    std::string column;
    std::vector<std::string> levels;  // one input for each, in alphabetical order
  };
  std::vector<std::string> numbers;
  std::vector<Category> categories;
  std::vector<double> fill;  // for a missing value of each input; empty with missing: error

  // "mass", "kind=spiral": the inputs in the network's order.
  std::vector<std::string> names() const;
};

// The columns of numbers as the config names them: without data.inputs all columns without name and text, which no other key
// names. Tells which columns are left out. Throws Error{usage} for columns that are named twice or are also the truth, and
// Error{bad_data} for columns that are not there.
std::vector<std::string> choose_number_columns(const Csv& csv, const TableConfig& config);

// What these training rows teach: the levels of categories, and the means. Throws Error{bad_data} for cells that cannot be used,
// for a category with over 1000 levels, and for a column without any value.
TableInputs learn_inputs(const Csv& csv, const std::vector<int64_t>& training_rows, const TableConfig& config);

// The same of a trained network. Throws Error{usage} if data.inputs or data.categories differ from what it was trained with.
TableInputs trained_inputs(const SampleSpec& spec, const TableConfig& config);

// Makes inputs of rows.
class TableEncoder {
 public:
  // Throws Error{bad_data} for columns that are not there. `csv` and `inputs` must outlive it.
  TableEncoder(const Csv& csv, const TableInputs& inputs);
  // Writes the inputs of a row, names().size() values. Throws Error{bad_data} with line and column.
  void encode(int64_t row, float* out) const;

 private:
  float number(int64_t row, size_t i) const;

  const Csv& csv_;
  const TableInputs& inputs_;
  std::vector<size_t> numbers_, categories_;  // positions of the columns
};

// The number in a cell: also true and false, as 1 and 0. NaN for a missing value. Throws Error{bad_data} with line and column for
// a text, and for a number that float32 cannot hold.
double number_at(const Csv& csv, int64_t row, size_t column);

}  // namespace hpcai::data
