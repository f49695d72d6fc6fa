#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hpcai::data {

// A CSV file with a header line (RFC 4180: quotes, line ends \n or \r\n, an optional byte-order mark).
class Csv {
 public:
  // Throws Error{missing_input}; Error{bad_data} for an empty file, a repeated column, an open quote, or a row whose
  // number of cells is not that of the header.
  explicit Csv(const std::filesystem::path& path);

  std::string name() const { return path_.string(); }
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }
  const std::vector<std::string>& columns() const { return columns_; }
  // Position of a column. Throws Error{bad_data} that names the columns there are.
  size_t column(const std::string& name) const;
  const std::string& cell(int64_t row, size_t column) const { return cells_[row * columns_.size() + column]; }
  // "labels.csv:17", the file's line on which the row starts.
  std::string where(int64_t row) const;

 private:
  void parse(const std::string& text);

  std::filesystem::path path_;
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;
  std::vector<int64_t> lines_;
};

}  // namespace hpcai::data
