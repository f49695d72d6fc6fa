#include "hpcai/data/sources/image_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/band_files.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/image.h"
#include "hpcai/data/image_set.h"
#include "hpcai/data/progress.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/reused_memory.h"
#include "hpcai/data/stretch.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/wrappers/cached_images.h"

namespace hpcai::data {
namespace {

constexpr size_t kLargestFile = size_t{1} << 30;

// What a thread reads and decodes, in memory that its next image uses again.
std::string& bytes_of_thread() {
  thread_local std::string bytes;
  return bytes;
}

Image& image_of_thread() {
  thread_local Image image;
  return image;
}

std::vector<std::vector<float>> truth_of(const std::vector<CatalogueRow>& rows) {
  std::vector<std::vector<float>> truth;
  for (const CatalogueRow& row : rows) truth.push_back(row.truth);
  return truth;
}

std::vector<int64_t> labels_of(const std::vector<CatalogueRow>& rows) {
  std::vector<int64_t> labels;
  for (const CatalogueRow& row : rows) labels.push_back(row.label);
  return labels;
}

class ImageFiles : public ImageSet {
 public:
  ImageFiles(const ImageFolderConfig& config, const std::vector<std::string>& class_names, std::vector<CatalogueRow> rows)
      : ImageSet(config.image_size, config.image_size, class_names, labels_of(rows)),
        folder_(config.folder),
        crop_(config.crop),
        preparation_(config.preparation),
        fraction_(config.crop_fraction),
        rows_(std::move(rows)) {
    if (config.has_votes()) {
      set_truth(answer_names(config.votes.questions), truth_of(rows_));
    } else if (!config.label_columns.empty()) {
      set_truth({}, truth_of(rows_));
    }
    for (CatalogueRow& row : rows_) row.truth = std::vector<float>();  // frees the memory, as {} would not
  }

  std::string id(int64_t index) const override { return row(index).file; }
  std::string where(int64_t index) const override { return printable(path(index)) + listed(index); }

  void hash_content(int64_t index, Sha256& hash) const override {
    for (const std::filesystem::path& file : files(index)) hash.update(read_regular_file(file.string()));
    if (row(index).side > 0) hash.update(fmt::format("cut-out {}", row(index).side));
  }

  // What a user does about files that cannot be read.
  std::string remedy_for_missing() const {
    const std::string start = folder_.empty() ? "the folder where the program was started" : printable(folder_);
    return fmt::format("Names start from {}: correct them, or remove their rows from the table that lists them.", start);
  }

  // What is wrong with the file, as far as its header tells; empty if nothing.
  std::string check_header(int64_t index, bool& missing) const {
    try {
      const ImageHeader header = header_of(index);
      square_of(index, header.height, header.width);
      return "";
    } catch (const ImageError& error) {
      return fmt::format("{}: {}", where(index), error.what());
    } catch (const Error& error) {
      missing = true;
      return error.what() + listed(index);
    }
  }

  void make_pixels(int64_t index, uint8_t* out) const override {
    if (has_band_files(index)) {
      return name_file(index, [&] { make_fits_pixels(read_band_files(path(index), preparation_.bands), index, out); });
    }
    read_as(index, [&](const std::string& bytes) {
      const ImageHeader header = image_header(bytes);
      if (header.format == ImageFormat::fits) return make_fits_pixels(read_fits(bytes, preparation_.bands), index, out);
      const int64_t square = square_of(index, header.height, header.width), crop = part_of(square);
      const bool largest = square == std::min(header.height, header.width) && fraction_ == 1;  // also of a JPEG that is decoded
      crop_and_resize(decode(bytes, index, header, crop), largest ? 0 : crop, width(), out);   // smaller, whose sides are rounded
    });
  }

  // The file is decoded anew, in as much detail as the part needs. A part of a FITS file is taken from pixels(), because their
  // brightness is that of the whole square.
  bool make_part(int64_t index, const PickBox& pick, uint8_t* out) const override {
    bool made = false;
    if (has_band_files(index)) return made;
    read_as(index, [&](const std::string& bytes) {
      const ImageHeader header = image_header(bytes);
      if (header.format == ImageFormat::fits) return;
      made = true;
      const Box box = pick_box(index, pick, header);
      const Image& image = decode(bytes, index, header, std::min(box.height, box.width));
      const int64_t r = image.reduction;
      const Box reduced{box.top / r, box.left / r, std::max<int64_t>(1, box.height / r), std::max<int64_t>(1, box.width / r)};
      resize_box(image.pixels.data(), image.width, reduced, height(), width(), out);
    });
    return made;
  }

  std::string incomplete(int64_t index) const override {
    try {
      const std::string path = this->path(index).string();
      if (!has_band_files(index) && !is_fits(RegularFile(path).read_start(4096))) return "";
      const double share = share_without_value(has_band_files(index) ? read_band_files(path, preparation_.bands)
                                                                     : read_fits(read_regular_file(path), preparation_.bands));
      return share > 0 ? fmt::format("{}: {:.2g} % of the pixels", where(index), 100 * share) : "";
    } catch (const ImageError&) {
      return "";
    } catch (const Error&) {
      return "";
    }
  }

  std::string enlarged(int64_t index) const override {
    try {
      const ImageHeader header = header_of(index);
      const int64_t part = part_of(square_of(index, header.height, header.width));
      if (part >= width()) return "";
      const bool whole = part == std::min(header.height, header.width);
      return fmt::format("{}: {} x {} pixels{}", where(index), header.width, header.height,
                         whole ? "" : fmt::format(", of which {} x {} are used", part, part));
    } catch (const ImageError&) {
      return "";
    } catch (const Error&) {
      return "";
    }
  }

 private:
  const CatalogueRow& row(int64_t index) const { return rows_[static_cast<size_t>(index)]; }
  std::string listed(int64_t index) const { return row(index).where.empty() ? "" : fmt::format(" ({})", row(index).where); }
  std::filesystem::path path(int64_t index) const { return folder_ / row(index).file; }
  bool has_band_files(int64_t index) const { return has_band_place(row(index).file); }
  std::vector<std::filesystem::path> files(int64_t index) const {
    if (!has_band_files(index)) return {path(index)};
    std::vector<std::filesystem::path> files;
    for (const std::string& band : preparation_.bands) files.push_back(band_file(path(index), band));
    return files;
  }
  ImageHeader header_of(int64_t index) const {
    return has_band_files(index) ? read_band_headers(path(index), preparation_.bands) : read_image_header(path(index));
  }

  // Side of the square that is used of an image of this size, before crop_fraction. Throws ImageError if it does not fit.
  int64_t square_of(int64_t index, int64_t height, int64_t width) const {
    const int64_t shorter = std::min(height, width), side = row(index).side;
    if (side > 0 && preparation_.cutout.limit) return std::min(side, shorter);
    const int64_t square = side > 0 ? side : crop_ > 0 ? crop_ : shorter;
    if (square <= shorter) return square;
    throw ImageError(
        fmt::format("{} x {} pixels, smaller than the {} of {}", width, height, side > 0 ? "cut-out" : "crop", square));
  }
  int64_t part_of(int64_t square) const { return std::max<int64_t>(1, std::llround(fraction_ * static_cast<double>(square))); }

  // Of the cut-out if the catalogue gives one, else of the whole image.
  Box pick_box(int64_t index, const PickBox& pick, const ImageHeader& header) const {
    if (row(index).side == 0) return pick(header.height, header.width);
    const int64_t square = square_of(index, header.height, header.width);
    Box box = pick(square, square);
    box.top += (header.height - square) / 2;
    box.left += (header.width - square) / 2;
    return box;
  }

  void make_fits_pixels(const BandImage& bands, int64_t index, uint8_t* out) const {
    const int64_t square = square_of(index, bands.height, bands.width);
    stretch(crop_and_resize(bands, part_of(square), width()), preparation_.stretch, out);
  }

  template <class Work>
  void read_as(int64_t index, const Work& work) const {
    std::string& bytes = bytes_of_thread();
    const ReusedMemory used_bytes(bytes);
    const ReusedMemory used_pixels(image_of_thread().pixels);
    name_file(index, [&] {
      bytes = read_regular_file(path(index).string(), kLargestFile, std::move(bytes));
      work(bytes);
    });
  }

  // Names the file where its content is wrong.
  template <class Work>
  void name_file(int64_t index, const Work& work) const {
    try {
      work();
    } catch (const ImageError& error) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {}", where(index), error.what()), "Replace the file or remove its row.");
    }
  }

  // JPEGs may be decoded smaller as long as the crop, of so many pixels along its shorter side, keeps twice what is needed.
  // The image is there until this thread decodes another, or read_as() ends, which frees a large one.
  const Image& decode(const std::string& bytes, int64_t index, const ImageHeader& header, int64_t crop) const {
    Image& image = image_of_thread();
    const int64_t smallest_side = (2 * width() * std::min(header.height, header.width) + crop - 1) / crop;
    image = decode_image(bytes, where(index), smallest_side, std::move(image.pixels));
    return image;
  }

  std::filesystem::path folder_;
  int64_t crop_;
  PreparationConfig preparation_;
  double fraction_;
  std::vector<CatalogueRow> rows_;
};

void check_settings(const ImageFolderConfig& config, const std::vector<CatalogueRow>& rows) {
  const PreparationConfig& preparation = config.preparation;
  const size_t bands = preparation.bands.size();
  if (bands != 0 && bands != 1 && bands != 3) {
    throw Error(ExitCode::usage, fmt::format("data.preparation.bands: {} bands", bands),
                "Give 1 (grey), those for red, green and blue, or none for those of the file.");
  }
  const auto divided = std::ranges::find_if(rows, [](const CatalogueRow& row) { return has_band_place(row.file); });
  if (bands == 0 && divided != rows.end()) {
    throw Error(
        ExitCode::usage,
        fmt::format("{} ({}) has a file for each band, but no band is named", printable(divided->file, 60), divided->where),
        "Name them in data.preparation.bands: 1 (grey), or those for red, green and blue.");
  }
  if (!preparation.cutout.column.empty() && config.crop > 0) {
    throw Error(ExitCode::usage, "data.crop and data.preparation.cutout.column are both given", "Leave one of them out.");
  }
  const auto* linear = std::get_if<LinearConfig>(&preparation.stretch);
  if (linear != nullptr && !(linear->maximum > linear->minimum)) {
    throw Error(ExitCode::usage,
                fmt::format("data.preparation.stretch: maximum {} is not above minimum {}", linear->maximum, linear->minimum));
  }
}

// Reads the headers of all files, or of an even choice where there are very many, and reports what is wrong at once.
void check_files(const ImageFiles& images, const std::string& split, int threads) {
  constexpr int64_t kMostChecked = 100000;
  constexpr size_t kMostShown = 5;
  const int64_t count = std::min(images.size(), kMostChecked);
  std::vector<std::string> problems(static_cast<size_t>(count));
  std::vector<char> missing(static_cast<size_t>(count), 0);
  for_each_with_progress(fmt::format("checking {} images", split), count, threads, [&](int64_t i) {
    bool is_missing = false;
    problems[static_cast<size_t>(i)] = images.check_header(i * images.size() / count, is_missing);
    missing[static_cast<size_t>(i)] = is_missing;
  });
  const auto absent = static_cast<size_t>(std::count(missing.begin(), missing.end(), 1));
  std::erase(problems, "");
  if (problems.empty()) return;
  const size_t bad = problems.size();
  problems.resize(std::min(bad, kMostShown));
  const std::string more = bad > kMostShown ? fmt::format("\n  and {} more", bad - kMostShown) : "";
  throw Error(absent == bad ? ExitCode::missing_input : ExitCode::bad_data,
              fmt::format("{} of {} {} images cannot be used:\n  {}{}", bad, count, split, fmt::join(problems, "\n  "), more),
              absent == bad
                  ? images.remedy_for_missing()
                  : "Files must be JPEG, PNG or FITS; replace them or remove their rows from the table that lists them.");
}

}  // namespace

std::unique_ptr<Dataset> open_image_files(const ImageFolderConfig& config, const std::vector<std::string>& class_names,
                                          std::vector<CatalogueRow> rows, const std::string& split, int threads) {
  if (rows.empty()) return nullptr;
  check_settings(config, rows);
  auto images = std::make_unique<ImageFiles>(config, class_names, std::move(rows));
  check_files(*images, split, threads);
  return std::make_unique<AugmentedImages>(cached(std::move(images), config.cache_mb), config.transform);
}

}  // namespace hpcai::data
