#include "hpcai/data/sources/stored_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hpcai/core/sha256.h"
#include "hpcai/data/image.h"

namespace hpcai::data {
namespace {

std::vector<int64_t> labels_of_all(const std::vector<StoredImages>& files) {
  std::vector<int64_t> labels;
  for (const StoredImages& file : files) labels.insert(labels.end(), file.labels.begin(), file.labels.end());
  return labels;
}

class ImagesOfFiles : public ImageSet {
 public:
  ImagesOfFiles(std::vector<StoredImages> files, std::vector<std::string> names, int64_t height, int64_t width,
                std::vector<std::string> target_names)
      : ImageSet(height, width, std::move(names), labels_of_all(files)), files_(std::move(files)) {
    for (const StoredImages& file : files_) begins_.push_back(begins_.back() + file.images.rows());
    if (!target_names.empty()) set_truth(std::move(target_names), std::vector<std::vector<float>>(static_cast<size_t>(size())));
  }

  std::string id(int64_t index) const override {
    const auto [file, row] = place(index);
    return file->ids.empty() ? std::to_string(index) : file->ids[static_cast<size_t>(row)];
  }
  std::string where(int64_t index) const override {
    const auto [file, row] = place(index);
    return file->images.where(row);
  }
  void hash_content(int64_t index, Sha256& hash) const override {
    const auto [file, row] = place(index);
    std::vector<uint8_t> stored(static_cast<size_t>(file->images.row_size()));
    file->images.read_row(row, stored.data());
    hash.update(stored.data(), stored.size());
  }
  std::string enlarged(int64_t index) const override {
    const auto& shape = place(index).first->images.shape();
    if (shape[1] >= height() && shape[2] >= width()) return "";
    return fmt::format("{}: {} x {} pixels", where(index), shape[2], shape[1]);
  }
  void make_pixels(int64_t index, uint8_t* out) const override {
    const auto [file, row] = place(index);
    const Hdf5Array& images = file->images;
    const int64_t stored_height = images.shape()[1], stored_width = images.shape()[2];
    if (stored_height == height() && stored_width == width()) return images.read_row(row, out);
    thread_local std::vector<uint8_t> stored;
    stored.resize(static_cast<size_t>(images.row_size()));
    images.read_row(row, stored.data());
    resize_pixels(stored.data(), stored_height, stored_width, width(), out);
  }

 private:
  std::pair<const StoredImages*, int64_t> place(int64_t index) const {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), index);
    const auto file = static_cast<size_t>(behind - begins_.begin() - 1);
    return {&files_[file], index - begins_[file]};
  }

  std::vector<StoredImages> files_;
  std::vector<int64_t> begins_{0};  // first image of each file, and behind the last
};

}  // namespace

std::unique_ptr<ImageSet> make_stored_images(std::vector<StoredImages> files, std::vector<std::string> class_names,
                                             int64_t height, int64_t width, std::vector<std::string> target_names) {
  return std::make_unique<ImagesOfFiles>(std::move(files), std::move(class_names), height, width, std::move(target_names));
}

}  // namespace hpcai::data
