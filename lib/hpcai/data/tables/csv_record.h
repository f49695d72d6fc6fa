#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai::data {

inline constexpr char kBlankSeparator = ' ';  // any number of spaces and tabs

// The cells of one row, and where it stands.
struct CsvRecord {
  std::vector<std::string> cells;
  int64_t line = 0;       // on which it starts, from 1
  std::string problem{};  // why it cannot be read; empty if nothing is wrong

  bool is_empty() const;
};

// Reads a text record by record.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text, char separator = ',', int64_t line = 1)
      : text_(text), separator_(separator), line_(line) {}

  bool at_end() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  int64_t line() const { return line_; }
  void use(char separator) { separator_ = separator; }

  // The next line as it stands, without its end; nothing is read.
  std::string_view peek_line() const;
  void skip_line();
  // The next record; quotes may make it several lines long. Not at the end.
  CsvRecord next();

 private:
  bool at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool at_separator() const;
  void skip_blanks();
  void pass_line_end();
  std::string quoted_cell(std::string& problem);
  std::string plain_cell();

  std::string_view text_;
  char separator_;
  size_t at_ = 0;
  int64_t line_;
};

// Without the blanks around it: spaces, tabs, no-break spaces, and characters of no width such as a byte-order mark.
std::string_view trim_cell(std::string_view text);

}  // namespace hpcai::data
