#include "hpcai/runs/text_table.h"

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::runs {
namespace {

// "12", "-0.3 %", "-", "1:02", but no word.
bool is_number(const std::string& cell) {
  const size_t first = cell.starts_with('-') || cell.starts_with('+') ? 1 : 0;
  return cell == "-" || cell.find_first_of("0123456789") == first;
}

}  // namespace

std::string TextTable::text(size_t indent) const {
  std::vector<size_t> widths(head_.size(), 0);
  std::vector<bool> right(head_.size(), !rows_.empty());
  for (size_t i = 0; i < head_.size(); ++i) {
    widths[i] = code_points(head_[i]);
    for (const auto& row : rows_) {
      widths[i] = std::max(widths[i], code_points(row[i]));
      right[i] = right[i] && is_number(row[i]);
    }
  }
  std::string out;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - code_points(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? space + row[i] : row[i] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  if (std::ranges::any_of(head_, [](const std::string& name) { return !name.empty(); })) add(head_);
  for (const auto& row : rows_) add(row);
  return out;
}

}  // namespace hpcai::runs
