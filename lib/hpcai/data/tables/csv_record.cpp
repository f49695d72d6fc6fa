#include "hpcai/data/tables/csv_record.h"

#include <algorithm>
#include <array>

namespace hpcai::data {
namespace {

// No-break space, byte-order mark, space of no width, ideographic space.
constexpr std::array<std::string_view, 8> kBlanks = {" ",        "\t",           "\r",           "\n",
                                                     "\xC2\xA0", "\xEF\xBB\xBF", "\xE2\x80\x8B", "\xE3\x80\x80"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view trim_cell(std::string_view text) {
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view blank : kBlanks) {
      while (text.starts_with(blank)) text.remove_prefix(blank.size()), found = true;
      while (text.ends_with(blank)) text.remove_suffix(blank.size()), found = true;
    }
  }
  return text;
}

bool CsvRecord::is_empty() const {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return cell.empty(); });
}

std::string_view CsvReader::peek_line() const {
  const std::string_view rest = text_.substr(at_);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

void CsvReader::skip_line() {
  at_ += peek_line().size();
  pass_line_end();
}

bool CsvReader::at_separator() const { return separator_ == kBlankSeparator ? is_blank(text_[at_]) : text_[at_] == separator_; }

void CsvReader::skip_blanks() {
  while (!at_end() && is_blank(text_[at_]) && text_[at_] != separator_) ++at_;
}

void CsvReader::pass_line_end() {
  if (at_end()) return;
  const bool is_return = text_[at_++] == '\r';
  if (is_return && !at_end() && text_[at_] == '\n') ++at_;
  ++line_;
}

// Behind the opening quote.
std::string CsvReader::quoted_cell(std::string& problem) {
  std::string cell;
  for (; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == '\n' || (c == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n'))) ++line_;
    if (c == '"') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
      ++at_;
    }
    cell += c;
  }
  if (at_end()) {
    problem = "a quote is opened and never closed";
    return cell;
  }
  ++at_;
  const std::string rest = at_line_end() || at_separator() ? "" : plain_cell();
  if (!rest.empty() && problem.empty()) problem = "text stands behind a closing quote";
  return cell;
}

std::string CsvReader::plain_cell() {
  const size_t begin = at_;
  while (!at_line_end() && !at_separator()) ++at_;
  return std::string(trim_cell(text_.substr(begin, at_ - begin)));
}

CsvRecord CsvReader::next() {
  CsvRecord record{{}, line_};
  if (separator_ == kBlankSeparator) {
    while (!at_end() && is_blank(text_[at_])) ++at_;
  }
  while (true) {
    skip_blanks();
    if (!at_end() && text_[at_] == '"') {
      ++at_;
      record.cells.push_back(quoted_cell(record.problem));
    } else {
      record.cells.push_back(plain_cell());
    }
    if (at_line_end()) break;
    ++at_;  // the separator
    if (separator_ == kBlankSeparator) {
      while (!at_end() && is_blank(text_[at_])) ++at_;
      if (at_line_end()) break;
    }
  }
  pass_line_end();
  return record;
}

}  // namespace hpcai::data
