#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai::data {

// A table in text, one row a line, below a header that names its columns. Quotes are those of RFC 4180. Cells are separated
// by commas, semicolons, tabs, bars or blanks, whichever the header shows, or as a first line "sep=;" says. Lines end with
// \n, \r\n or \r. What read_table_text() converts and refuses is converted and refused.
//
// Lines that start with # are comments; one of those above the rows is the header if it names the columns and the first other
// line does not (TOPCAT, astropy). Blanks around a cell that has no quotes do not belong to it. Empty lines are passed over.
class Csv {
 public:
  // `wanted`: columns that the caller will ask for; they tell the header and the separator where a file leaves it open.
  // Throws Error{missing_input}; Error{bad_data} for an empty file, a quote that stays open, or a row whose number of cells
  // is not that of the header.
  explicit Csv(const std::filesystem::path& path, const std::vector<std::string>& wanted = {});

  std::string name() const { return name_; }  // of the file, fit for messages
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }
  const std::vector<std::string>& columns() const { return columns_; }
  // Position of the column of this name, or of the only one that differs from it in upper and lower case alone. Throws
  // Error{bad_data} that names the columns there are where it is missing, or where two are called so.
  size_t column(const std::string& name) const;
  bool has_column(const std::string& name) const { return count_columns(name) > 0; }
  const std::string& cell(int64_t row, size_t column) const {
    return cells_[static_cast<size_t>(row) * columns_.size() + column];
  }
  int64_t line(int64_t row) const { return lines_[static_cast<size_t>(row)]; }  // on which the row starts
  // Keeps the rows for which `kept` is not 0.
  void keep(const std::vector<char>& kept);
  // "labels.csv:17", with that line.
  std::string where(int64_t row) const;

 private:
  struct Layout;

  Layout find_layout(const std::string& text, const std::vector<std::string>& wanted) const;
  void read_rows(const std::string& text, const Layout& layout);
  size_t count_columns(const std::string& name) const;

  std::string name_;
  int64_t header_line_ = 0;
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;
  std::vector<int64_t> lines_;
};

}  // namespace hpcai::data
