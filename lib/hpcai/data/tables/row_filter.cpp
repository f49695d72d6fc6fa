#include "hpcai/data/tables/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/numeric_cell.h"

namespace hpcai::data {
namespace {

using Operation = FilterOperation;

// The condition for one row.
class FilterRow {
 public:
  FilterRow(const std::vector<FilterNode>& nodes, const std::vector<size_t>& columns, const Csv& csv, const std::string& setting)
      : nodes_(nodes), columns_(columns), csv_(csv), setting_(setting) {}

  bool holds(int64_t row) {
    row_ = row;
    return is_true(nodes_.size() - 1);
  }

 private:
  bool is_true(size_t position) const {
    const FilterNode& node = nodes_[position];
    switch (node.operation) {
      case Operation::both: return is_true(node.left) && is_true(node.right);
      case Operation::either: return is_true(node.left) || is_true(node.right);
      case Operation::opposite: return !is_true(node.left);
      default: return compare(node);
    }
  }

  bool compare(const FilterNode& node) const {
    const bool equality = node.operation == Operation::equal || node.operation == Operation::unequal;
    if (equality && is_text(node.left, node.right)) {
      const std::string_view left = text(node.left), right = text(node.right);
      if (missing(node.left) || missing(node.right)) return false;
      return (left == right) == (node.operation == Operation::equal);
    }
    const double left = value(node.left), right = value(node.right);
    if (std::isnan(left) || std::isnan(right)) return false;
    const bool equal = are_equal(left, right);
    switch (node.operation) {
      case Operation::equal: return equal;
      case Operation::unequal: return !equal;
      case Operation::less: return left < right && !equal;
      case Operation::at_most: return left < right || equal;
      case Operation::greater: return left > right && !equal;
      default: return left > right || equal;
    }
  }

  // Tables hold 0.9259999999999999 where 0.926 was meant.
  static bool are_equal(double left, double right) {
    return std::abs(left - right) <= 2 * std::numeric_limits<double>::epsilon() * std::max(std::abs(left), std::abs(right));
  }

  // Whether the two are compared as texts.
  bool is_text(size_t left, size_t right) const {
    if (nodes_[left].operation == Operation::text || nodes_[right].operation == Operation::text) return true;
    if (nodes_[left].operation != Operation::column || nodes_[right].operation != Operation::column) return false;
    return !number_of_cell(cell(left)) || !number_of_cell(cell(right));
  }

  const std::string& cell(size_t position) const { return csv_.cell(row_, columns_[position]); }
  std::string_view text(size_t position) const {
    return nodes_[position].operation == Operation::text ? std::string_view(nodes_[position].text) : trim_cell(cell(position));
  }
  bool missing(size_t position) const { return nodes_[position].operation == Operation::column && is_missing(cell(position)); }

  double value(size_t position) const {
    const FilterNode& node = nodes_[position];
    switch (node.operation) {
      case Operation::number: return node.number;
      case Operation::column: return number(position);
      case Operation::minus: return -value(node.left);
      case Operation::add: return value(node.left) + value(node.right);
      case Operation::subtract: return value(node.left) - value(node.right);
      case Operation::multiply: return value(node.left) * value(node.right);
      default: break;
    }
    const double divisor = value(node.right);
    return divisor == 0 ? std::numeric_limits<double>::quiet_NaN() : value(node.left) / divisor;
  }

  double number(size_t position) const {
    const auto number = number_of_cell(cell(position));
    if (number) return *number;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: column {} holds '{}', no number", csv_.where(row_), printable(nodes_[position].text, 60),
                            printable(cell(position), 40)),
                fmt::format("{} needs numbers there: correct the cell, empty it, or compare with a 'text'.", setting_));
  }

  const std::vector<FilterNode>& nodes_;
  const std::vector<size_t>& columns_;
  const Csv& csv_;
  const std::string& setting_;
  int64_t row_ = 0;
};

}  // namespace

RowFilter::RowFilter(std::string text, std::string setting)
    : text_(std::move(text)), setting_(std::move(setting)), nodes_(parse_filter(text_, setting_)) {}

std::vector<std::string> RowFilter::columns() const {
  std::vector<std::string> names;
  for (const FilterNode& node : nodes_) {
    if (node.operation == Operation::column) names.push_back(node.text);
  }
  return names;
}

std::vector<char> RowFilter::keeps(const Csv& csv) const {
  std::vector<size_t> columns(nodes_.size(), 0);  // of the table, for each node
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const FilterNode& node = nodes_[i];
    if (node.operation != Operation::column) continue;
    if (!csv.has_column(node.text)) {
      const std::string meant = config::did_you_mean(config::nearest_names(node.text, csv.columns()));
      refuse_filter(
          text_, setting_, node.at,
          fmt::format("{} has no column {}{}", csv.name(), printable(node.text, 60), meant.empty() ? "" : ". " + meant));
    }
    columns[i] = csv.column(node.text);
  }
  FilterRow filter(nodes_, columns, csv, setting_);
  std::vector<char> kept(static_cast<size_t>(csv.rows()));
  for (int64_t row = 0; row < csv.rows(); ++row) kept[static_cast<size_t>(row)] = filter.holds(row) ? 1 : 0;
  return kept;
}

void apply_filter(Csv& csv, const RowFilter& filter, const std::string& setting) {
  const std::vector<char> kept = filter.keeps(csv);
  const auto count = std::count(kept.begin(), kept.end(), 1);
  if (count == 0 && csv.rows() > 0) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} is true for none of its {} rows", csv.name(), setting, csv.rows()),
                "Loosen the condition, or check its columns and units.");
  }
  log::info("{}: {} keeps {} of {} rows", csv.name(), setting, count, csv.rows());
  csv.keep(kept);
}

}  // namespace hpcai::data
