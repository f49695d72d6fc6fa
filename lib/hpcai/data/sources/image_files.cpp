#include "hpcai/data/sources/image_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/image.h"
#include "hpcai/data/image_set.h"
#include "hpcai/data/progress.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/wrappers/cached_images.h"

namespace hpcai::data {
namespace {

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
        fraction_(config.crop_fraction),
        rows_(std::move(rows)) {}

  std::string id(int64_t index) const override { return row(index).file; }
  std::string where(int64_t index) const override { return printable(path(index)) + listed(index); }

  void hash_content(int64_t index, Sha256& hash) const override { hash.update(read_regular_file(path(index).string())); }

  // What a user does about files that cannot be read.
  std::string remedy_for_missing() const {
    const std::string start = folder_.empty() ? "the folder where the program was started" : printable(folder_);
    return fmt::format("Names start from {}: correct them, or remove their rows from the table that lists them.", start);
  }

  // What is wrong with the file, as far as its header tells; empty if nothing.
  std::string check_header(int64_t index, bool& missing) const {
    try {
      const ImageHeader header = read_image_header(path(index));
      if (crop_ <= std::min(header.height, header.width)) return "";
      return fmt::format("{}: {} x {} pixels, smaller than the crop of {}", where(index), header.width, header.height, crop_);
    } catch (const ImageError& error) {
      return fmt::format("{}: {}", where(index), error.what());
    } catch (const Error& error) {
      missing = true;
      return error.what() + listed(index);
    }
  }

  void make_pixels(int64_t index, uint8_t* out) const override {
    read_as(index, [&](const std::string& bytes) {
      const ImageHeader header = image_header(bytes);
      const int64_t square = crop_ > 0 ? crop_ : std::min(header.height, header.width);
      const int64_t crop = std::max<int64_t>(1, std::llround(fraction_ * static_cast<double>(square)));
      const bool largest = crop_ == 0 && fraction_ == 1;  // also of a JPEG that is decoded smaller, whose sides are rounded
      crop_and_resize(decode(bytes, index, header, crop), largest ? 0 : crop, width(), out);
    });
  }

  // The file is decoded anew, in as much detail as the part needs.
  bool make_part(int64_t index, const PickBox& pick, uint8_t* out) const override {
    read_as(index, [&](const std::string& bytes) {
      const ImageHeader header = image_header(bytes);
      const Box box = pick(header.height, header.width);
      const Image image = decode(bytes, index, header, std::min(box.height, box.width));
      const int64_t r = image.reduction;
      const Box reduced{box.top / r, box.left / r, std::max<int64_t>(1, box.height / r), std::max<int64_t>(1, box.width / r)};
      resize_box(image.pixels.data(), image.width, reduced, height(), width(), out);
    });
    return true;
  }

 private:
  const CatalogueRow& row(int64_t index) const { return rows_[static_cast<size_t>(index)]; }
  std::string listed(int64_t index) const { return row(index).where.empty() ? "" : fmt::format(" ({})", row(index).where); }
  std::filesystem::path path(int64_t index) const { return folder_ / row(index).file; }

  // Names the file where its content is wrong.
  template <class Work>
  void read_as(int64_t index, const Work& work) const {
    try {
      work(read_regular_file(path(index).string()));
    } catch (const ImageError& error) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {}", where(index), error.what()), "Replace the file or remove its row.");
    }
  }

  // JPEGs may be decoded smaller as long as the crop, of so many pixels along its shorter side, keeps twice what is needed.
  Image decode(const std::string& bytes, int64_t index, const ImageHeader& header, int64_t crop) const {
    return decode_image(bytes, where(index), (2 * width() * std::min(header.height, header.width) + crop - 1) / crop);
  }

  std::filesystem::path folder_;
  int64_t crop_;
  double fraction_;
  std::vector<CatalogueRow> rows_;
};

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
              absent == bad ? images.remedy_for_missing()
                            : "Files must be JPEG or PNG; replace them or remove their rows from the table that lists them.");
}

}  // namespace

std::unique_ptr<Dataset> open_image_files(const ImageFolderConfig& config, const std::vector<std::string>& class_names,
                                          std::vector<CatalogueRow> rows, const std::string& split, int threads) {
  if (rows.empty()) return nullptr;
  auto images = std::make_unique<ImageFiles>(config, class_names, std::move(rows));
  check_files(*images, split, threads);
  return std::make_unique<AugmentedImages>(cached(std::move(images), config.cache_mb), config.transform);
}

}  // namespace hpcai::data
