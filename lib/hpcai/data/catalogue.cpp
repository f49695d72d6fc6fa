#include "hpcai/data/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/csv.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy = "") {
  throw Error(ExitCode::bad_data, what, remedy);
}

// Uniform in [0, 1).
double position_of(const std::string& file, int64_t seed) {
  const std::string digits = sha256(fmt::format("{}/{}", seed, file)).substr(0, 13);
  return static_cast<double>(std::strtoull(digits.c_str(), nullptr, 16)) * 0x1p-52;
}

std::string checked_file(const std::string& name, const std::string& where) {
  const fs::path path = fs::path(name).lexically_normal();
  if (name.empty()) refuse(where + ": no file name");
  if (path.is_absolute() || *path.begin() == "..") {
    refuse(fmt::format("{}: {} leads out of the folder", where, name),
           "Names must be relative to data.folder and stay below it.");
  }
  return path.string();
}

std::vector<std::string> class_names(const Csv& csv, size_t column, const std::vector<std::string>& wanted) {
  std::set<std::string> found;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    if (csv.cell(row, column).empty()) refuse(csv.where(row) + ": no label", "Give the label, or remove the row.");
    found.insert(csv.cell(row, column));
  }
  if (!wanted.empty()) return wanted;
  if (found.size() < 2) {
    refuse(fmt::format("{}: column {} has only one class ({})", csv.name(), csv.columns()[column], *found.begin()),
           "A classifier needs two. Is this the label column (data.label_column)?");
  }
  constexpr size_t kMostClasses = 100000;
  if (found.size() > kMostClasses) refuse(fmt::format("{}: {} classes", csv.name(), found.size()), "Is this the label column?");
  return {found.begin(), found.end()};
}

std::vector<CatalogueRow>& rows_of_split(Catalogue& catalogue, const std::string& split, const std::string& where) {
  if (split == "train" || split == "training") return catalogue.train;
  if (split == "validation" || split == "valid" || split == "val") return catalogue.validation;
  if (split == "test") return catalogue.test;
  refuse(fmt::format("{}: split '{}' is not train, validation or test", where, split),
         "Write one of these words, or set data.split_column to the column that has them.");
}

void set_validation_aside(Catalogue& catalogue, double fraction, int64_t seed) {
  std::vector<CatalogueRow> train;
  for (CatalogueRow& row : catalogue.train) {
    (position_of(row.file, seed) < fraction ? catalogue.validation : train).push_back(std::move(row));
  }
  catalogue.train = std::move(train);
}

}  // namespace

Catalogue read_catalogue(const ImageFolderConfig& config) {
  const fs::path folder = config.folder;
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    throw Error(ExitCode::missing_input, fmt::format("data.folder: {} is not a folder", config.folder),
                "Check the path; relative paths start where the program was started.");
  }
  const Csv csv(folder / config.catalogue);
  if (csv.rows() == 0) refuse(csv.name() + ": a header but no rows", "List one image in each row.");
  const size_t file_column = csv.column(config.file_column), label_column = csv.column(config.label_column);
  const bool has_splits = !config.split_column.empty();
  const size_t split_column = has_splits ? csv.column(config.split_column) : 0;

  Catalogue catalogue{class_names(csv, label_column, config.classes), {}, {}, {}};
  std::map<std::string, int64_t> label_of;
  for (const std::string& name : catalogue.class_names) label_of.emplace(name, static_cast<int64_t>(label_of.size()));
  if (label_of.size() != catalogue.class_names.size()) {
    throw Error(ExitCode::usage, fmt::format("data.classes: [{}] names a class twice", fmt::join(catalogue.class_names, ", ")));
  }
  std::unordered_map<std::string, int64_t> row_of_file;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const std::string where = csv.where(row);
    const std::string file = checked_file(csv.cell(row, file_column), where);
    const auto label = label_of.find(csv.cell(row, label_column));
    if (label == label_of.end()) {
      refuse(fmt::format("{}: label '{}' is not one of data.classes ({})", where, csv.cell(row, label_column),
                         fmt::join(catalogue.class_names, ", ")),
             "Add it to data.classes, correct it, or remove the row.");
    }
    const auto [other, is_new] = row_of_file.emplace(file, row);
    if (!is_new) refuse(fmt::format("{}: {} is already in {}", where, file, csv.where(other->second)), "Remove one of the rows.");
    const std::string split = has_splits ? csv.cell(row, split_column) : "train";
    rows_of_split(catalogue, split, where).push_back({file, label->second, where});
  }
  if (catalogue.validation.empty()) set_validation_aside(catalogue, config.validation_fraction, config.seed);
  if (catalogue.train.empty())
    refuse(csv.name() + ": no row is left for training", "Mark rows with split train, or lower data.validation_fraction.");
  return catalogue;
}

}  // namespace hpcai::data
