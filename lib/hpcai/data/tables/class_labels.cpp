#include "hpcai/data/tables/class_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {
namespace {

constexpr size_t kMostClasses = 100000;
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

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void check_spelling(const std::string& name, const std::string& where) {
  if (find_invalid_utf8(name)) {
    refuse_label(fmt::format("{}: label '{}' is not UTF-8", where, printable(name, kLabelShown)),
                 "Save the table as CSV in UTF-8.");
  }
  if (has_control(name)) {
    refuse_label(fmt::format("{}: label '{}' holds a control character", where, printable(name, kLabelShown)),
                 "Correct the label.");
  }
}

// Names that differ in case alone are one class or two: only the user knows.
void check_case_variants(const Csv& csv, size_t column, const std::map<std::string, int64_t>& first_row) {
  std::map<std::string, std::string> spelling;
  for (const auto& [name, row] : first_row) {
    const auto [other, is_new] = spelling.emplace(lower_case(name), name);
    if (is_new) continue;
    const bool later = row > first_row.at(other->second);
    const std::string& second = later ? name : other->second;
    const std::string& first = later ? other->second : name;
    refuse_label(
        fmt::format("{}: label '{}' differs from '{}' (line {}) in upper and lower case alone", csv.where(first_row.at(second)),
                    printable(second, kLabelShown), printable(first, kLabelShown), csv.line(first_row.at(first))),
        fmt::format("Write both alike in column {}; if they are two classes, name all classes in data.classes.",
                    printable(csv.columns()[column], kLabelShown)));
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
  for (const std::string& name : names_) {
    if (!label_of_.emplace(name, static_cast<int64_t>(label_of_.size())).second) {
      throw Error(ExitCode::usage, fmt::format("{}: [{}] names a class twice", from_, list_classes(names_)),
                  "Remove one of them.");
    }
  }
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
    if (lower_case(name) == lower_case(text)) {
      return fmt::format("{}; it differs from '{}' in upper and lower case alone", unknown, printable(name, kLabelShown));
    }
  }
  return unknown;
}

std::vector<std::string> class_names_of(const Csv& csv, size_t column) {
  std::map<std::string, int64_t> first_row;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const std::string_view text = trim_cell(csv.cell(row, column));
    if (is_missing(text)) {
      refuse_label(text.empty() ? csv.where(row) + ": no label"
                                : fmt::format("{}: no label ('{}' stands for a missing value)", csv.where(row), printable(text)),
                   text.empty() ? "Give the label, or remove the row."
                                : "Give the label, or remove the row; if it is a class, name all classes in data.classes.");
    }
    const auto [place, is_new] = first_row.emplace(text, row);
    if (!is_new) continue;
    check_spelling(place->first, csv.where(row));
    if (first_row.size() > kMostClasses) {
      refuse_label(fmt::format("{}: more than {} classes", csv.name(), kMostClasses),
                   "Is this the label column (data.label_column)?");
    }
  }
  check_case_variants(csv, column, first_row);
  std::vector<std::string> names;
  for (const auto& [name, row] : first_row) names.push_back(name);
  if (names.size() < 2) {
    refuse_label(
        fmt::format("{}: column {} has only one class ({})", csv.name(), printable(csv.columns()[column]), list_classes(names)),
        "A classifier needs two. Is this the label column (data.label_column)?");
  }
  return names;
}

}  // namespace hpcai::data
