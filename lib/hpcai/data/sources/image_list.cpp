#include "hpcai/data/sources/image_list.h"

#include <fmt/format.h>

#include <fstream>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/band_files.h"
#include "hpcai/data/image.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/table_text.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr char kNoSeparator = '\0';  // a character that no text has

bool names_something(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// The list's own folder if the first file is there, else the working folder. `bands`: of files with one band each.
fs::path folder_of(const fs::path& list, const std::string& name, const std::vector<std::string>& bands) {
  const fs::path first = bands.empty() ? fs::path(name) : band_file(name, bands.front());
  const fs::path own = list.parent_path();
  return names_something(own / first) || !names_something(first) ? own : fs::path();
}

// File names, one a line; a first line that is no file's name is a header.
std::vector<CatalogueRow> read_lines(const fs::path& list) {
  const std::string text = read_table_text(list);
  std::vector<CatalogueRow> rows;
  for (CsvReader reader(text, kNoSeparator); !reader.at_end();) {
    const bool is_comment = trim_cell(reader.peek_line()).starts_with('#');
    const CsvRecord record = reader.next();
    if (is_comment || record.is_empty()) continue;
    rows.push_back({record.cells[0], kUnlabelled, fmt::format("{}:{}", printable(list), record.line)});
  }
  return rows;
}

bool looks_like_header(const std::string& line, const fs::path& list) {
  return line.find_first_of("./") == std::string::npos && !names_something(list.parent_path() / line) && !names_something(line);
}

}  // namespace

bool is_image_file(const fs::path& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) {
    throw Error(ExitCode::missing_input,
                fmt::format("{} {}", printable(path), fs::exists(path, code) ? "is no file" : "does not exist"),
                "Give a folder of images, an image, a list of images, or an HDF5 file.");
  }
  constexpr std::streamsize kStart = 4096;
  std::string start(kStart, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), kStart);
  start.resize(static_cast<size_t>(file.gcount()));
  return is_image(start);
}

ImageList read_image_list(const fs::path& list, const ImageFolderConfig& reading, const CatalogueUse& use) {
  const Csv csv(list, {reading.file_column, reading.label_column});
  ImageList images;
  if (csv.has_column(reading.file_column)) {
    images.rows = read_listed_images(csv, reading, use);
  } else {
    images.rows = read_lines(list);
    if (!images.rows.empty() && looks_like_header(images.rows[0].file, list)) {
      if (csv.columns().size() > 1) csv.column(reading.file_column);  // a table: says which columns it has
      images.rows.erase(images.rows.begin());
    }
    if (!use.labels_optional) {
      throw Error(ExitCode::bad_data, fmt::format("{} lists images without labels", printable(list)), kNeedLabelsRemedy);
    }
  }
  if (images.rows.empty()) {
    throw Error(ExitCode::bad_data, printable(list) + " lists no image", "List one image in each line.");
  }
  images.folder = folder_of(list, images.rows[0].file, reading.preparation.bands);
  return images;
}

}  // namespace hpcai::data
