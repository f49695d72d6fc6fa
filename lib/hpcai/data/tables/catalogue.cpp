#include "hpcai/data/tables/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/cutout_column.h"
#include "hpcai/data/tables/row_filter.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownRows = 5;

[[noreturn]] void refuse_catalogue(const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::bad_data, what, remedy);
}

// Uniform in [0, 1).
double position_of(const std::string& file, int64_t seed) {
  const std::string digits = sha256(fmt::format("{}/{}", seed, file)).substr(0, 13);
  return static_cast<double>(std::strtoull(digits.c_str(), nullptr, 16)) * 0x1p-52;
}

std::string checked_file(const std::string& name, const std::string& where) {
  const fs::path path = fs::path(name).lexically_normal();
  if (path.is_absolute() || *path.begin() == "..") {
    refuse_catalogue(fmt::format("{}: {} leads out of the folder", where, printable(name)),
                     "Names must be relative to data.folder and stay below it.");
  }
  return path.string();
}

Split split_of(std::string_view cell, const std::string& where) {
  const std::string word = lower_case(trim_cell(cell));
  if (word == "train" || word == "training") return Split::train;
  if (word == "validation" || word == "valid" || word == "val") return Split::validation;
  if (word == "test" || word == "testing") return Split::test;
  refuse_catalogue(fmt::format("{}: split '{}' is not train, validation or test", where, printable(cell, 40)),
                   "Write one of these words, or set data.split_column to the column that has them.");
}

void set_validation_aside(Catalogue& catalogue, double fraction, int64_t seed) {
  std::vector<CatalogueRow> train;
  for (CatalogueRow& row : catalogue.train) {
    (position_of(row.file, seed) < fraction ? catalogue.validation : train).push_back(std::move(row));
  }
  catalogue.train = std::move(train);
}

// The rows that data.filter keeps, or all of them.
Csv read_csv(const ImageFolderConfig& config, bool filtered) {
  const fs::path folder = config.folder;
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    throw Error(ExitCode::missing_input, fmt::format("data.folder: {} is not a folder", printable(folder)),
                "Check the path; relative paths start where the program was started.");
  }
  std::vector<std::string> wanted = {config.file_column, config.label_column};
  if (!config.split_column.empty()) wanted.push_back(config.split_column);
  if (!config.preparation.cutout.column.empty()) wanted.push_back(config.preparation.cutout.column);
  std::optional<RowFilter> filter;
  if (filtered && !config.filter.empty()) filter.emplace(config.filter, "data.filter");
  if (filter) {
    const auto columns = filter->columns();
    wanted.insert(wanted.end(), columns.begin(), columns.end());
  }
  Csv csv(folder / config.catalogue, wanted);
  if (csv.rows() == 0) refuse_catalogue(csv.name() + ": a header but no rows", "List one image in each row.");
  if (filter) apply_filter(csv, *filter, "data.filter");
  return csv;
}

// Files of a catalogue, each named once.
class FileNames {
 public:
  // `anywhere`: names may lead out of the folder.
  FileNames(const Csv& csv, const std::string& column, bool anywhere)
      : csv_(csv), column_(csv.column(column)), anywhere_(anywhere) {}

  std::string of_row(int64_t row) {
    const std::string& cell = csv_.cell(row, column_);
    if (is_missing(cell)) refuse_catalogue(csv_.where(row) + ": no file name", "Give the name, or remove the row.");
    const std::string file = anywhere_ ? cell : checked_file(cell, csv_.where(row));
    const auto [other, is_new] = row_of_.emplace(file, row);
    if (!is_new) {
      refuse_catalogue(fmt::format("{}: {} is already in {}", csv_.where(row), printable(file), csv_.where(other->second)),
                       "Remove one of the rows.");
    }
    return file;
  }

 private:
  const Csv& csv_;
  size_t column_;
  bool anywhere_;
  std::unordered_map<std::string, int64_t> row_of_;
};

void refuse_unlabelled(const std::vector<CatalogueRow>& rows, const std::string& remedy) {
  std::vector<std::string> shown;
  size_t count = 0;
  for (const CatalogueRow& row : rows) {
    if (row.label != kUnlabelled) continue;
    if (++count <= kShownRows) shown.push_back(fmt::format("{}: {}", row.where, row.problem));
  }
  if (count == 0) return;
  if (count == 1) refuse_catalogue(shown[0], remedy);
  refuse_catalogue(
      fmt::format("{} of {} rows have no label that can be used:\n  {}{}", count, rows.size(), fmt::join(shown, "\n  "),
                  count > kShownRows ? fmt::format("\n  and {} more", count - kShownRows) : ""),
      remedy);
}

void tell_unlabelled(const std::vector<CatalogueRow>& rows) {
  const auto first = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.label == kUnlabelled; });
  if (first == rows.end() || first->problem.empty()) return;
  const auto count = std::count_if(first, rows.end(), [](const auto& row) { return row.label == kUnlabelled; });
  log::info("{} of {} rows have no label that the network knows; the first is {}: {}", count, rows.size(), first->where,
            first->problem);
}

// Which columns say label and split; without split column all rows are of `otherwise`.
struct Columns {
  std::optional<size_t> label = std::nullopt, split = std::nullopt;
  Split otherwise = Split::train;
  bool files_anywhere = false;
};

// All rows, those without a known label with its problem. Validation rows are set aside where none is marked.
Catalogue collect(const Csv& csv, const ImageFolderConfig& config, const ClassLabels& classes, const Columns& columns) {
  FileNames files(csv, config.file_column, columns.files_anywhere);
  std::optional<CutoutColumn> cutouts;
  if (!config.preparation.cutout.column.empty()) cutouts.emplace(csv, config.preparation.cutout);
  Catalogue catalogue{classes.names(), {}, {}, {}};
  for (int64_t row = 0; row < csv.rows(); ++row) {
    CatalogueRow entry{files.of_row(row), kUnlabelled, csv.where(row)};
    if (cutouts) entry.side = cutouts->side(row);
    if (columns.label) {
      const std::string& cell = csv.cell(row, *columns.label);
      entry.label = classes.find(cell).value_or(kUnlabelled);
      if (entry.label == kUnlabelled) entry.problem = classes.why_unknown(cell);
    }
    const Split split = columns.split ? split_of(csv.cell(row, *columns.split), entry.where) : columns.otherwise;
    catalogue.rows(split).push_back(std::move(entry));
  }
  return catalogue;
}

std::optional<size_t> label_column(const Csv& csv, const ImageFolderConfig& config, const CatalogueUse& use) {
  if (csv.has_column(config.label_column)) return csv.column(config.label_column);
  if (use.labels_optional) return std::nullopt;
  try {
    return csv.column(config.label_column);
  } catch (const Error& error) {
    refuse_catalogue(error.what(), error.remedy() + ' ' + kNeedLabelsRemedy);
  }
}

std::vector<CatalogueRow> checked_labels(std::vector<CatalogueRow> rows, const CatalogueUse& use) {
  if (use.labels_optional) {
    tell_unlabelled(rows);
  } else {
    refuse_unlabelled(rows, "Correct the labels or remove the rows; predict needs none.");
  }
  return rows;
}

}  // namespace

std::vector<CatalogueRow>& Catalogue::rows(Split split) {
  switch (split) {
    case Split::train: return train;
    case Split::validation: return validation;
    case Split::test: break;
  }
  return test;
}

Catalogue read_catalogue(const ImageFolderConfig& config) {
  const Csv csv = read_csv(config, /*filtered=*/true);
  csv.column(config.file_column);  // told first where it is missing
  Columns columns{.label = csv.column(config.label_column)};
  if (!config.split_column.empty()) columns.split = csv.column(config.split_column);
  check_stated_class_names(config.classes);
  const ClassLabels classes(config.classes.empty() ? class_names_of(csv, *columns.label) : config.classes, "data.classes");
  Catalogue catalogue = collect(csv, config, classes, columns);
  for (const auto* rows : {&catalogue.train, &catalogue.validation, &catalogue.test}) {
    refuse_unlabelled(*rows, "Correct the label, add it to data.classes, or remove the row.");
  }
  if (catalogue.validation.empty()) set_validation_aside(catalogue, config.validation_fraction, config.seed);
  if (catalogue.train.empty()) {
    refuse_catalogue(csv.name() + ": no row is left for training",
                     "Mark rows with split train, or lower data.validation_fraction.");
  }
  return catalogue;
}

std::vector<CatalogueRow> read_catalogue_rows(const ImageFolderConfig& config, Split split, const CatalogueUse& use) {
  const Csv csv = read_csv(config, /*filtered=*/!use.any_split);
  Columns columns;
  columns.label = label_column(csv, config, use);
  const bool has_splits = !config.split_column.empty() && (!use.any_split || csv.has_column(config.split_column));
  if (has_splits) columns.split = csv.column(config.split_column);
  if (use.any_split) columns.otherwise = split;
  Catalogue catalogue = collect(csv, config, ClassLabels(use.class_names, "the classes of the training"), columns);
  const bool sets_aside = has_splits || !use.any_split;
  if (sets_aside && catalogue.validation.empty()) set_validation_aside(catalogue, config.validation_fraction, config.seed);
  return checked_labels(std::move(catalogue.rows(split)), use);
}

std::vector<CatalogueRow> read_listed_images(const Csv& csv, const ImageFolderConfig& config, const CatalogueUse& use) {
  Columns columns{.files_anywhere = true};
  columns.label = label_column(csv, config, use);
  Catalogue catalogue = collect(csv, config, ClassLabels(use.class_names, "the classes of the training"), columns);
  return checked_labels(std::move(catalogue.train), use);
}

}  // namespace hpcai::data
