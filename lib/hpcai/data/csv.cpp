#include "hpcai/data/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

namespace hpcai::data {
namespace {

// Reads one record from `text` at `at`, which moves behind it; `line` counts the lines passed. False: an open quote.
bool read_record(const std::string& text, size_t& at, int64_t& line, std::vector<std::string>& cells) {
  cells.assign(1, "");
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += '"';
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r' || at + 1 < text.size()) {
      if (c != '\r' || text[at + 1] != '\n') cells.back() += c;
    }
  }
  return !quoted;
}

}  // namespace

Csv::Csv(const std::filesystem::path& path) : path_(path) { parse(read_file(path)); }

void Csv::parse(const std::string& text) {
  size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  int64_t line = 1;
  std::vector<std::string> cells;
  while (at < text.size()) {
    const int64_t first_line = line;
    const std::string place = fmt::format("{}:{}", path_.string(), first_line);
    if (!read_record(text, at, line, cells)) {
      throw Error(ExitCode::bad_data, place + ": a quote is opened and never closed",
                  "Close it, or write a quote within a cell twice.");
    }
    if (cells.size() == 1 && cells[0].empty()) continue;  // an empty line
    if (columns_.empty()) {
      columns_ = cells;
      if (std::set<std::string>(cells.begin(), cells.end()).size() != cells.size()) {
        throw Error(ExitCode::bad_data, fmt::format("{}: two columns have the same name ({})", place, fmt::join(cells, ", ")),
                    "Rename one of them.");
      }
      continue;
    }
    if (cells.size() != columns_.size()) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {} cells, but the header has {} columns", place, cells.size(), columns_.size()),
                  "A cell that contains a comma needs quotes.");
    }
    lines_.push_back(first_line);
    std::move(cells.begin(), cells.end(), std::back_inserter(cells_));
  }
  if (columns_.empty()) {
    throw Error(ExitCode::bad_data, path_.string() + " is empty: expected a header line and rows",
                "Write the columns' names into the first line.");
  }
}

size_t Csv::column(const std::string& name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: no column {}; there are {}", path_.string(), name, fmt::join(columns_, ", ")),
                "Name the column in the config, or correct the header line.");
  }
  return static_cast<size_t>(found - columns_.begin());
}

std::string Csv::where(int64_t row) const { return fmt::format("{}:{}", path_.string(), lines_[row]); }

}  // namespace hpcai::data
