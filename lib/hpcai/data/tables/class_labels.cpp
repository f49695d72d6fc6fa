#include "hpcai/data/tables/class_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <unordered_set>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {
namespace {

constexpr size_t kLabelShown = 40;  // characters of a label in a message

[[noreturn]] void refuse_label(const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::bad_data, what, remedy);
}

std::string list_classes(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kMost, names.size()); ++i) shown.push_back(printable(names[i], kLabelShown));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kMost ? fmt::format(", and {} more", names.size() - kMost) : "");
}

bool is_fraction(const std::string& name) {
  const auto value = parse_number<double>(name);
  return value && *value != std::floor(*value);
}

// A column of measured values or of names of objects makes almost as many classes as there are samples.
void check_samples_a_class(const Csv& csv, size_t column, const std::vector<std::string>& names, const std::string& key) {
  const auto classes = static_cast<int64_t>(names.size());
  if (classes < 3 || 2 * classes <= csv.rows()) return;
  const std::string shown = printable(csv.columns()[column], kLabelShown);
  const std::string count = fmt::format("{} different values in {}", classes, plural(csv.rows(), "row"));
  if (std::any_of(names.begin(), names.end(), is_fraction)) {
    refuse_label(fmt::format("{}: column {} holds numbers with fractions, {}: measured values, not classes ({})", csv.name(),
                             shown, count, list_classes(names)),
                 fmt::format("Set {} to the column of the class names; if these are classes, name all in data.classes.", key));
  }
  log::shared_warning("{}: column {} has {} as labels, fewer than two samples a class; is this the label column ({})?",
                      csv.name(), shown, count, key);
}

// Surveys write such numbers where nothing was measured.
void warn_of_placeholders(const Csv& csv, const std::vector<std::string>& names, const std::vector<int64_t>& first_rows) {
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = parse_number<double>(names[i]);
    if (!value || (*value != -99 && *value != -999 && *value != -9999)) continue;
    log::shared_warning("{}: label '{}' often stands for a missing value; it is taken as a class", csv.where(first_rows[i]),
                        names[i]);
  }
}

}  // namespace

bool is_missing(std::string_view cell) {
  constexpr std::array<std::string_view, 15> kWords = {"nan",  "null",    "none", "n/a", "na", "#n/a", "#na",   "<na>",
                                                       "-nan", "1.#qnan", "nil",  "--",  "-",  "?",    "masked"};
  const std::string_view text = trim_cell(cell);
  if (text.empty()) return true;
  if (text.size() > 8) return false;
  return std::find(kWords.begin(), kWords.end(), lower_case(text)) != kWords.end();
}

ClassLabels::ClassLabels(std::vector<std::string> names, std::string from) : names_(std::move(names)), from_(std::move(from)) {
  for (const std::string& name : names_) label_of_.emplace(name, static_cast<int64_t>(label_of_.size()));
}

std::optional<int64_t> ClassLabels::find(std::string_view cell) const {
  auto found = label_of_.find(cell);
  if (found == label_of_.end()) found = label_of_.find(trim_cell(cell));
  return found == label_of_.end() ? std::nullopt : std::optional(found->second);
}

std::string ClassLabels::why_unknown(std::string_view cell) const {
  const std::string_view text = trim_cell(cell);
  if (text.empty()) return "no label";
  if (is_missing(text)) return fmt::format("no label ('{}' stands for a missing value)", printable(text));
  const std::string unknown =
      fmt::format("label '{}' is not one of {} ({})", printable(text, kLabelShown), from_, list_classes(names_));
  for (const std::string& name : names_) {
    const std::string difference = spelling_difference(name, std::string(text));
    if (!difference.empty()) return fmt::format("{}; it differs from '{}' {}", unknown, printable(name, kLabelShown), difference);
  }
  return unknown;
}

std::vector<std::string> class_names_of(const Csv& csv, size_t column, const std::string& key) {
  std::vector<std::string> names;  // in the order of the rows
  std::vector<int64_t> first_rows;
  std::unordered_set<std::string> seen;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const std::string_view text = trim_cell(csv.cell(row, column));
    if (is_missing(text)) {
      refuse_label(text.empty() ? csv.where(row) + ": no label"
                                : fmt::format("{}: no label ('{}' stands for a missing value)", csv.where(row), printable(text)),
                   text.empty() ? "Give the label, or remove the row."
                                : "Give the label, or remove the row; if it is a class, name all classes in data.classes.");
    }
    if (!seen.emplace(text).second) continue;
    names.emplace_back(text);
    first_rows.push_back(row);
    if (std::ssize(names) > kMostClasses) {
      refuse_label(fmt::format("{}: column {} makes more than {} classes", csv.name(),
                               printable(csv.columns()[column], kLabelShown), kMostClasses),
                   fmt::format("Is this the label column ({})?", key));
    }
  }
  const std::string place = "in column " + printable(csv.columns()[column], kLabelShown);
  check_samples_a_class(csv, column, names, key);
  check_class_names(names, {"label", [&](size_t i) { return csv.where(first_rows[i]); },
                            [&](size_t i) { return fmt::format(" (line {})", csv.line(first_rows[i])); }, place});
  warn_of_placeholders(csv, names, first_rows);
  std::sort(names.begin(), names.end());
  if (names.size() < 2) {
    refuse_label(
        fmt::format("{}: column {} has only one class ({})", csv.name(), printable(csv.columns()[column]), list_classes(names)),
        fmt::format("A classifier needs two. Is this the label column ({})?", key));
  }
  return names;
}

}  // namespace hpcai::data
