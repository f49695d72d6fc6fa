#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/row_splits.h"

namespace hpcai::data {

// What an input without a value does.
enum class MissingInput { error, mean };
inline config::EnumNames<MissingInput> enum_names(MissingInput) {
  return {{MissingInput::error, "error"}, {MissingInput::mean, "mean"}};
}

// Rows of a table in text, whose columns are the inputs and the truth.
struct TableConfig : ClassNamesConfig, FractionConfig {
  static constexpr std::string_view kType = "table";
  static constexpr bool kStored = true;
  std::string file;
  std::string validation_file;
  std::string test_file;
  std::vector<std::string> inputs;
  std::vector<std::string> categories;
  std::vector<std::string> targets;
  std::string label;
  std::vector<std::string> labels;
  std::string id_column;
  std::string group;
  std::string split_column;
  std::string filter;
  MissingInput missing = MissingInput::error;

  void disable_cache() {}  // a table is in memory as a whole
  bool may_validate() const { return !split_column.empty() || !validation_file.empty() || validation_fraction > 0; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("file", file,
                  {.help = "CSV file with one row for each sample below a line with the columns' names; separators, gzip and "
                           "UTF-16 are found out.",
                   .required = true});
    visitor.field("validation_file", validation_file, {.help = "File of the validation rows; empty = they are in file."});
    visitor.field("test_file", test_file, {.help = "File of the test rows; empty = they are in file."});
    visitor.field("inputs", inputs,
                  {.help = "Columns of numbers that the network sees; empty = all columns of numbers that no other key names."});
    visitor.field("categories", categories,
                  {.help = "Columns of words that the network sees: each value of the training rows becomes an input that is 1 "
                           "where the row has it, else 0. These inputs follow those of numbers."});
    visitor.field("targets", targets, {.help = "Columns of numbers to learn: a regression."});
    visitor.field("label", label, {.help = "Column with the class name: a classification."});
    visitor.field("labels", labels,
                  {.help = "Columns with 1 or 0, one for each label that a row has or has not: a classification with several "
                           "labels a row."});
    visitor.field("id_column", id_column, {.help = "Column that names a row; empty = the line of the file on which it stands."});
    visitor.field("group", group,
                  {.help = "Column whose equal values belong together, such as one object measured often: all rows of a group "
                           "are in one split."});
    visitor.field("split_column", split_column,
                  {.help = "Column with train, validation or test; empty = all rows of file are training rows."});
    visitor.field("filter", filter, {.help = "Condition on columns that rows must fulfil, such as r < 17 and error > 0."});
    visitor.field(
        "missing", missing,
        {.help = "What an input without a value does: it is an error, or the mean of the training rows stands for it. "
                 "With mean, a category without a value, or with one that no training row has, is 0 in all its inputs."});
    describe_classes(visitor, "Class names in label order; empty = those of the column label in alphabetical order.");
    describe_fractions(visitor);
  }
};

}  // namespace hpcai::data
