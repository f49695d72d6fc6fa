#include "hpcai/data/tables/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/table_text.h"

namespace hpcai::data {
namespace {

constexpr char kSeparators[] = {',', ';', '\t', '|', kBlankSeparator};

std::string name_of(char separator) {
  switch (separator) {
    case ',': return "a comma";
    case ';': return "a semicolon";
    case '\t': return "a tab";
    case kBlankSeparator: return "a blank";
    default: return fmt::format("'{}'", separator);
  }
}

bool same_name(std::string_view a, std::string_view b) { return lower_case(trim_cell(a)) == lower_case(trim_cell(b)); }

// "sep=;", which some spreadsheets write into the first line.
std::optional<char> separator_line(std::string_view line) {
  const std::string_view text = trim_cell(line);
  if (text.size() < 4 || lower_case(text.substr(0, 4)) != "sep=") return std::nullopt;
  if (text.size() == 4) return line.ends_with('\t') ? std::optional('\t') : std::nullopt;
  if (text.substr(4) == "\\t") return '\t';
  return text.size() == 5 ? std::optional(text[4]) : std::nullopt;
}

std::optional<std::string_view> comment(std::string_view line) {
  const std::string_view text = trim_cell(line);
  return text.starts_with('#') ? std::optional(text.substr(1)) : std::nullopt;
}

std::vector<std::string> cells_of(std::string_view line, char separator) { return CsvReader(line, separator).next().cells; }

size_t count_found(const std::vector<std::string>& cells, const std::vector<std::string>& wanted) {
  return static_cast<size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::any_of(cells.begin(), cells.end(), [&](const std::string& cell) { return same_name(cell, name); });
  }));
}

// Columns' names for a message: no more than fit.
std::string list_names(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20, kLongest = 60;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) shown.push_back(printable(names[i], kLongest));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kMost ? fmt::format(", and {} more", names.size() - kMost) : "");
}

}  // namespace

struct Csv::Layout {
  char separator = ',';
  std::string_view header;  // from its line on
  int64_t header_line = 0;
  size_t rows_at = 0;  // position in the text
  int64_t rows_line = 1;
  bool in_comment = false;  // whether the header is a comment; then `header` is that line alone
};

Csv::Csv(const std::filesystem::path& path, const std::vector<std::string>& wanted) : name_(printable(path)) {
  const std::string text = read_table_text(path);
  read_rows(text, find_layout(text, wanted));
}

Csv::Layout Csv::find_layout(const std::string& text, const std::vector<std::string>& wanted) const {
  CsvReader reader(text);
  std::optional<char> told;
  std::vector<std::pair<std::string_view, int64_t>> comments;
  for (; !reader.at_end(); reader.skip_line()) {
    const std::string_view line = reader.peek_line();
    if (const auto separator = separator_line(line); separator && !told && comments.empty()) {
      told = separator;
    } else if (const auto text_of_comment = comment(line)) {
      comments.emplace_back(*text_of_comment, reader.line());
    } else if (!trim_cell(line).empty()) {
      break;
    }
  }
  if (reader.at_end() && comments.empty()) {
    throw Error(ExitCode::bad_data, name_ + " is empty: expected a header line and rows",
                "Write the columns' names into the first line.");
  }
  const std::string_view rest = std::string_view(text).substr(reader.position());
  const std::vector<char> separators = told ? std::vector{*told} : std::vector(std::begin(kSeparators), std::end(kSeparators));
  Layout best{separators[0], rest, reader.line(), reader.position(), reader.line(), false};
  if (rest.empty()) best = {separators[0], comments.back().first, comments.back().second, text.size(), reader.line(), true};
  size_t most = 0;
  auto consider = [&](const Layout& layout) {
    const size_t found = count_found(cells_of(layout.header, layout.separator), wanted);
    if (found <= most) return;
    most = found;
    best = layout;
  };
  for (const char separator : separators) consider({separator, rest, reader.line(), reader.position(), reader.line(), false});
  for (auto line = comments.rbegin(); line != comments.rend(); ++line) {
    for (const char separator : separators) {
      consider({separator, line->first, line->second, reader.position(), reader.line(), true});
    }
  }
  if (most == 0) {  // the separator that the header has most of
    for (const char separator : separators) {
      if (separator == kBlankSeparator) continue;
      const std::string_view line = best.header.substr(0, best.header.find_first_of("\r\n"));
      if (std::count(line.begin(), line.end(), separator) > std::count(line.begin(), line.end(), best.separator)) {
        best.separator = separator;
      }
    }
  }
  return best;
}

void Csv::read_rows(const std::string& text, const Layout& layout) {
  auto refuse = [&](int64_t line, const std::string& what, const std::string& remedy) {
    throw Error(ExitCode::bad_data, fmt::format("{}:{}: {}", name_, line, what), remedy);
  };
  auto check = [&](const CsvRecord& record) {
    if (record.problem.empty()) return;
    refuse(record.line, record.problem, "Close every quote behind the cell, and write a quote within a cell twice.");
  };
  CsvReader reader(std::string_view(text).substr(layout.rows_at), layout.separator, layout.rows_line);
  header_line_ = layout.header_line;
  const CsvRecord header =
      layout.in_comment ? CsvReader(layout.header, layout.separator, layout.header_line).next() : reader.next();
  check(header);
  columns_ = header.cells;
  for (std::string& column : columns_) column = trim_cell(column);

  int64_t like_rows = 0;  // comments that look like rows
  while (!reader.at_end()) {
    const std::string_view line = reader.peek_line();
    if (const auto text_of_comment = comment(line)) {
      const bool spaced = text_of_comment->empty() || text_of_comment->front() == ' ';
      like_rows += !spaced && cells_of(line, layout.separator).size() == columns_.size();
      reader.skip_line();
      continue;
    }
    CsvRecord record = reader.next();
    check(record);
    if (record.is_empty()) continue;
    while (record.cells.size() > columns_.size() && record.cells.back().empty()) record.cells.pop_back();
    if (record.cells.size() != columns_.size()) {
      refuse(record.line,
             fmt::format("{}, but the header has {}", plural(static_cast<int64_t>(record.cells.size()), "cell"),
                         plural(static_cast<int64_t>(columns_.size()), "column")),
             fmt::format("Cells are separated by {} here; a cell that contains one needs quotes.", name_of(layout.separator)));
    }
    lines_.push_back(record.line);
    std::move(record.cells.begin(), record.cells.end(), std::back_inserter(cells_));
  }
  if (like_rows > 0) {
    log::shared_warning("{}: {} with # in front {} a row; {} left out as {}", name_, plural(like_rows, "line"),
                        like_rows == 1 ? "looks like" : "look like", like_rows == 1 ? "it is" : "they are",
                        like_rows == 1 ? "a comment" : "comments");
  }
}

size_t Csv::count_columns(const std::string& name) const {
  return static_cast<size_t>(
      std::count_if(columns_.begin(), columns_.end(), [&](const std::string& column) { return same_name(column, name); }));
}

size_t Csv::column(const std::string& name) const {
  const auto exact = std::count(columns_.begin(), columns_.end(), name);
  const size_t alike = count_columns(name);
  if (alike == 0) {
    throw Error(ExitCode::bad_data, fmt::format("{}: no column {}; there are {}", name_, printable(name), list_names(columns_)),
                "Name the column in the config, or correct the header line.");
  }
  if (exact > 1 || (exact == 0 && alike > 1)) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}:{}: two columns have the same name ({})", name_, header_line_, list_names(columns_)),
                "Rename one of them.");
  }
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const std::string& column) {
    return exact == 1 ? column == name : same_name(column, name);
  });
  return static_cast<size_t>(found - columns_.begin());
}

void Csv::keep(const std::vector<char>& kept) {
  const size_t width = columns_.size();
  size_t to = 0;
  for (size_t row = 0; row < lines_.size(); ++row) {
    if (kept[row] == 0) continue;
    if (row != to) {
      lines_[to] = lines_[row];
      for (size_t c = 0; c < width; ++c) cells_[to * width + c] = std::move(cells_[row * width + c]);
    }
    ++to;
  }
  lines_.resize(to);
  cells_.resize(to * width);
}

std::string Csv::where(int64_t row) const { return fmt::format("{}:{}", name_, line(row)); }

}  // namespace hpcai::data
