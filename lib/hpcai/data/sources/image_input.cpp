#include "hpcai/data/sources/image_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/band_files.h"
#include "hpcai/data/sources/image_files.h"
#include "hpcai/data/sources/image_hdf5.h"
#include "hpcai/data/sources/image_list.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/tables/catalogue.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

bool is_image_name(const fs::path& path) {
  constexpr std::array<std::string_view, 10> kEndings = {".jpg", ".jpeg",    ".png",    ".fits",   ".fit",
                                                         ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz"};
  const std::string name = lower_case(path.filename().string());
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

// All images below a folder, hidden ones left out, in the order of their names.
std::vector<CatalogueRow> find_images(const fs::path& folder) {
  std::vector<std::string> names;
  const size_t prefix = (folder / "").native().size();
  std::error_code code;
  auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink, code);
  for (; !code && entry != fs::end(entry); entry.increment(code)) {
    const bool hidden = entry->path().filename().native().starts_with('.');
    std::error_code unknown;
    if (hidden || entry.depth() > 32) {
      entry.disable_recursion_pending();
    } else if (is_image_name(entry->path()) && entry->is_regular_file(unknown)) {
      names.push_back(entry->path().native().substr(prefix));
    }
  }
  if (code) {
    throw Error(ExitCode::missing_input, fmt::format("cannot read the folder {}: {}", printable(folder), code.message()),
                "Check its permissions.");
  }
  if (names.empty()) {
    throw Error(ExitCode::missing_input,
                fmt::format("{} holds no image: no file *.jpg, *.jpeg, *.png, *.fits, *.fits.gz or *.fits.fz", printable(folder)),
                "Give the folder that holds the images, or a list of their names.");
  }
  std::sort(names.begin(), names.end());
  std::vector<CatalogueRow> rows;
  rows.reserve(names.size());
  for (std::string& name : names) rows.push_back({std::move(name), kUnlabelled, ""});
  return rows;
}

// Labels of the folder's catalogue, where it has one, for the images found.
void add_labels(std::vector<CatalogueRow>& rows, const ImageFolderConfig& reading, const NetworkUse& use) {
  std::error_code code;
  if (!fs::is_regular_file(fs::path(reading.folder) / reading.catalogue, code)) return;
  std::unordered_map<std::string, CatalogueRow> known;
  try {
    for (CatalogueRow& row : read_catalogue_rows(reading, Split::test, {use.spec.class_names, true, true})) {
      known.emplace(row.file, std::move(row));
    }
  } catch (const Error& error) {
    log::shared_warning("no label is read: {}", error.what());
    return;
  }
  for (CatalogueRow& row : rows) {
    const auto found = known.find(row.file);
    if (found != known.end()) row = std::move(found->second);
  }
}

// Cut-outs as in the training need the size of each object.
void require_sizes(const std::vector<CatalogueRow>& rows, const ImageFolderConfig& reading, const fs::path& input) {
  const std::string& column = reading.preparation.cutout.column;
  const auto unknown = std::find_if(rows.begin(), rows.end(), [](const CatalogueRow& row) { return row.side == 0; });
  if (column.empty() || unknown == rows.end()) return;
  throw Error(
      ExitCode::usage,
      fmt::format("{}: the network was trained on cut-outs by the column {} (data.preparation.cutout), which is not known of "
                  "{}",
                  printable(input), printable(column), printable(unknown->file)),
      fmt::format("Give a table with the columns {} and {}.", reading.file_column, printable(column)));
}

void refuse_no_catalogue(const fs::path& folder, const ImageFolderConfig& reading) {
  std::error_code code;
  const fs::path catalogue = folder / reading.catalogue;
  if (fs::exists(catalogue, code) || code) return;  // reading it tells more
  throw Error(ExitCode::missing_input,
              fmt::format("{} has no catalogue {} with labels", printable(folder), printable(reading.catalogue)),
              kNeedLabelsRemedy);
}

std::unique_ptr<Dataset> open_folder(const fs::path& folder, ImageFolderConfig reading, const NetworkUse& use) {
  reading.folder = folder.string();
  reading.split_column = "";
  std::vector<CatalogueRow> rows;
  if (use.labels_optional) {
    rows = find_images(folder);
    add_labels(rows, reading, use);
  } else {
    refuse_no_catalogue(folder, reading);
    rows = read_catalogue_rows(reading, Split::test, {use.spec.class_names, false, true});
  }
  require_sizes(rows, reading, folder);
  return open_image_files(reading, use.spec.class_names, std::move(rows), "input", use.threads);
}

std::unique_ptr<Dataset> open_list(const fs::path& list, ImageFolderConfig reading, const NetworkUse& use) {
  ImageList images = read_image_list(list, reading, {use.spec.class_names, use.labels_optional, true});
  require_sizes(images.rows, reading, list);
  reading.folder = images.folder.string();
  return open_image_files(reading, use.spec.class_names, std::move(images.rows), "input", use.threads);
}

void refuse_unlabelled_input(const fs::path& input, const NetworkUse& use) {
  if (use.labels_optional) return;
  throw Error(ExitCode::usage, fmt::format("{} is an image without a label", printable(input)), kNeedLabelsRemedy);
}

}  // namespace

std::unique_ptr<Dataset> open_image_input(const fs::path& input, ImageFolderConfig reading, const NetworkUse& use) {
  const int64_t height = use.spec.input_shape.at(1), width = use.spec.input_shape.at(2);
  reading.image_size = width;
  reading.classes = use.spec.class_names;
  reading.catalogue = fs::path(reading.catalogue).is_absolute() ? "labels.csv" : reading.catalogue;
  std::error_code code;
  const bool is_folder = fs::is_directory(input, code);
  if (!is_folder && is_hdf5_input(input)) return open_image_hdf5_input(input, reading.transform, use);
  if (height != width) {
    throw Error(ExitCode::usage,
                fmt::format("the network reads images of {} x {} pixels; files of images are cropped to squares", width, height),
                "Give an HDF5 file with images of this shape.");
  }
  if (is_folder) return open_folder(input, std::move(reading), use);
  const bool has_band_files = has_band_place(input.native()) && !fs::exists(input, code);
  if (has_band_files || is_image_file(input)) {
    const std::vector<CatalogueRow> row = {{input.string(), kUnlabelled, has_band_files ? "the input" : ""}};
    refuse_unlabelled_input(input, use);
    require_sizes(row, reading, input);
    reading.folder = "";
    return open_image_files(reading, use.spec.class_names, row, "input", use.threads);
  }
  return open_list(input, std::move(reading), use);
}

std::unique_ptr<Dataset> open_image_input(const fs::path& input, const ImageTransformConfig& transform, const NetworkUse& use) {
  ImageFolderConfig reading;
  reading.transform = transform;
  return open_image_input(input, std::move(reading), use);
}

}  // namespace hpcai::data
