#pragma once

#include <string>
#include <vector>

namespace hpcai::runs {

// A table of text for a terminal. Columns of numbers are aligned on the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) : head_(std::move(head)) {}

  // Adds a row with a cell for each column of the head.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Returns the lines. The head may have empty names only; then no line shows it. `indent`: blanks before each line.
  std::string text(size_t indent = 0) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hpcai::runs
