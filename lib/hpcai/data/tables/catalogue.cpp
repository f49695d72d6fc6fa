#include "hpcai/data/tables/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/row_splits.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/cutout_column.h"
#include "hpcai/data/tables/row_filter.h"
#include "hpcai/data/tables/truth_columns.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownRows = 5;

[[noreturn]] void refuse_catalogue(const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::bad_data, what, remedy);
}

std::string checked_file(const std::string& name, const std::string& where) {
  const fs::path path = fs::path(name).lexically_normal();
  if (path.is_absolute() || *path.begin() == "..") {
    refuse_catalogue(fmt::format("{}: {} leads out of the folder", where, printable(name)),
                     "Names must be relative to data.folder and stay below it.");
  }
  return path.string();
}

void set_validation_aside(Catalogue& catalogue, double fraction, int64_t seed) {
  std::vector<CatalogueRow> train;
  for (CatalogueRow& row : catalogue.train) {
    (split_position(row.file, seed) < fraction ? catalogue.validation : train).push_back(std::move(row));
  }
  catalogue.train = std::move(train);
}

// The columns that say what is known of an image: a label, a probability of each class, or votes.
std::vector<std::string> columns_of_truth(const ImageFolderConfig& config) {
  if (config.has_votes()) return columns_of(config.votes.questions);
  return config.label_columns.empty() ? std::vector<std::string>{config.label_column} : config.label_columns;
}

// The rows that data.filter keeps, or all of them.
Csv read_csv(const ImageFolderConfig& config, bool filtered) {
  check_truth_settings(config);
  const fs::path folder = config.folder;
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    throw Error(ExitCode::missing_input, fmt::format("data.folder: {} is not a folder", printable(folder)),
                "Check the path; relative paths start where the program was started.");
  }
  std::vector<std::string> wanted = columns_of_truth(config);
  wanted.push_back(config.file_column);
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

// Which columns say truth and split; without split column all rows are of `otherwise`.
struct Columns {
  std::optional<size_t> label = std::nullopt, split = std::nullopt;
  std::optional<ProbabilityColumns> probabilities = std::nullopt;
  std::optional<VoteColumns> votes = std::nullopt;
  Split otherwise = Split::train;
  bool files_anywhere = false;
};

void find_truth(const Csv& csv, const ImageFolderConfig& config, Columns& columns) {
  if (config.has_votes()) {
    columns.votes.emplace(csv, config.votes);
  } else if (!config.label_columns.empty()) {
    columns.probabilities.emplace(csv, config.label_columns);
  } else {
    columns.label = csv.column(config.label_column);
  }
}

// Sets the truth of `entry`, or the problem.
void read_truth(const Csv& csv, int64_t row, const Columns& columns, const ClassLabels& classes, CatalogueRow& entry) {
  if (columns.votes) entry.truth = columns.votes->votes(row);
  if (columns.probabilities) {
    entry.truth = columns.probabilities->probabilities(row);
    entry.label = entry.truth.empty() ? kUnlabelled : std::ranges::max_element(entry.truth) - entry.truth.begin();
    if (entry.label == kUnlabelled) entry.problem = "the columns of data.label_columns hold no probability";
  }
  if (columns.label) {
    const std::string& cell = csv.cell(row, *columns.label);
    entry.label = classes.find(cell).value_or(kUnlabelled);
    if (entry.label == kUnlabelled) entry.problem = classes.why_unknown(cell);
  }
}

// All rows, those without a known label with its problem. Validation rows are set aside where none is marked.
Catalogue collect(const Csv& csv, const ImageFolderConfig& config, const ClassLabels& classes, const Columns& columns) {
  FileNames files(csv, config.file_column, columns.files_anywhere);
  std::optional<CutoutColumn> cutouts;
  if (!config.preparation.cutout.column.empty()) cutouts.emplace(csv, config.preparation.cutout);
  Catalogue catalogue{classes.names(), {}, {}, {}};
  for (int64_t row = 0; row < csv.rows(); ++row) {
    CatalogueRow entry{files.of_row(row), kUnlabelled, csv.where(row)};
    if (cutouts) entry.side = cutouts->side(row);
    read_truth(csv, row, columns, classes, entry);
    const Split split = columns.split ? split_named_in(csv.cell(row, *columns.split), entry.where) : columns.otherwise;
    catalogue.rows(split).push_back(std::move(entry));
  }
  return catalogue;
}

void find_truth(const Csv& csv, const ImageFolderConfig& config, const CatalogueUse& use, Columns& columns) {
  check_truth_settings(config);
  if (!config.label_columns.empty() && config.label_columns.size() != use.class_names.size()) {
    throw Error(ExitCode::usage,
                fmt::format("data.label_columns names {} columns, and the network knows {} classes", config.label_columns.size(),
                            use.class_names.size()),
                "Name the columns in the order of the classes.");
  }
  const std::vector<std::string> wanted = columns_of_truth(config);
  const bool complete = std::ranges::all_of(wanted, [&](const std::string& column) { return csv.has_column(column); });
  if (!complete && use.labels_optional) return;
  try {
    find_truth(csv, config, columns);
  } catch (const Error& error) {
    if (complete) throw;
    refuse_catalogue(error.what(), error.remedy() + ' ' + kNeedLabelsRemedy);
  }
}

void tell_without_votes(const Csv& csv, const std::vector<CatalogueRow>& rows) {
  const auto has_none = [](const CatalogueRow& row) {
    return std::ranges::all_of(row.truth, [](float votes) { return votes == 0; });
  };
  const auto count = std::ranges::count_if(rows, has_none);
  if (count == std::ssize(rows)) {
    refuse_catalogue(csv.name() + ": no training image has a vote", "Name the columns that hold votes in data.votes.");
  }
  if (count > 0)
    log::info("{}: {} of {} training images have no vote and add nothing to the loss", csv.name(), count, rows.size());
}

std::vector<CatalogueRow> checked_labels(std::vector<CatalogueRow> rows, const ImageFolderConfig& config,
                                         const CatalogueUse& use) {
  if (config.has_votes()) return rows;
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
  Columns columns;
  find_truth(csv, config, columns);
  if (!config.split_column.empty()) columns.split = csv.column(config.split_column);
  std::vector<std::string> names = config.classes.empty() ? config.label_columns : config.classes;
  check_stated_class_names(names);
  if (names.empty() && columns.label) names = class_names_of(csv, *columns.label, "data.label_column");
  const ClassLabels classes(std::move(names), "data.classes");
  Catalogue catalogue = collect(csv, config, classes, columns);
  for (const auto* rows : {&catalogue.train, &catalogue.validation, &catalogue.test}) {
    if (config.has_votes()) break;
    refuse_unlabelled(*rows, "Correct the label, add it to data.classes, or remove the row.");
  }
  if (catalogue.validation.empty()) set_validation_aside(catalogue, config.validation_fraction, config.seed);
  if (catalogue.train.empty()) {
    refuse_catalogue(csv.name() + ": no row is left for training",
                     "Mark rows with split train, or lower data.validation_fraction.");
  }
  if (config.has_votes()) tell_without_votes(csv, catalogue.train);
  return catalogue;
}

std::vector<CatalogueRow> read_catalogue_rows(const ImageFolderConfig& config, Split split, const CatalogueUse& use) {
  const Csv csv = read_csv(config, /*filtered=*/!use.any_split);
  Columns columns;
  find_truth(csv, config, use, columns);
  const bool has_splits = !config.split_column.empty() && (!use.any_split || csv.has_column(config.split_column));
  if (has_splits) columns.split = csv.column(config.split_column);
  if (use.any_split) columns.otherwise = split;
  Catalogue catalogue = collect(csv, config, ClassLabels(use.class_names, "the classes of the training"), columns);
  const bool sets_aside = has_splits || !use.any_split;
  if (sets_aside && catalogue.validation.empty()) set_validation_aside(catalogue, config.validation_fraction, config.seed);
  return checked_labels(std::move(catalogue.rows(split)), config, use);
}

std::vector<CatalogueRow> read_listed_images(const Csv& csv, const ImageFolderConfig& config, const CatalogueUse& use) {
  Columns columns{.files_anywhere = true};
  find_truth(csv, config, use, columns);
  Catalogue catalogue = collect(csv, config, ClassLabels(use.class_names, "the classes of the training"), columns);
  return checked_labels(std::move(catalogue.train), config, use);
}

}  // namespace hpcai::data
