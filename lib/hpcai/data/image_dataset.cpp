#include "hpcai/data/image_dataset.h"

#include <ATen/ops/empty.h>

#include <stdexcept>

#include "hpcai/data/progress.h"

namespace hpcai::data {

SampleSpec image_spec(int64_t height, int64_t width, std::vector<std::string> class_names, PixelScaling scaling) {
  SampleSpec spec{{3, height, width}, std::move(class_names), {}};
  spec.scaling = config::name_of(scaling);
  return spec;
}

ImageDataset::ImageDataset(std::vector<std::string> class_names, std::vector<int64_t> labels, int64_t height, int64_t width,
                           int64_t cache_mb, const ImageTransformConfig& transform)
    : Dataset(image_spec(height, width, std::move(class_names), transform.scaling)),
      labels_(std::move(labels)),
      transform_(transform),
      plain_map_(pixel_map(transform.scaling)),
      cache_(static_cast<int64_t>(labels_.size()), height * width * 3, cache_mb) {
  for (int64_t label : labels_) {
    if (label < kUnlabelled || label >= static_cast<int64_t>(spec().class_names.size())) {
      throw std::invalid_argument("ImageDataset: a label without a class name");
    }
  }
}

const uint8_t* ImageDataset::whole(int64_t index, std::vector<uint8_t>& buffer) const {
  return cache_.get(index, buffer, [&](uint8_t* place) { make_pixels(index, place); });
}

void ImageDataset::make_crop(int64_t index, const Draw& draw, uint8_t* out) const {
  thread_local std::vector<uint8_t> buffer;
  const Box box = draw_crop(augmentation(), draw, index, height(), width());
  resize_box(whole(index, buffer), width(), box, height(), width(), out);
}

void ImageDataset::read(int64_t index, const Draw* draw, float* out) const {
  thread_local std::vector<uint8_t> buffer;
  if (draw == nullptr) return convert_pixels(whole(index, buffer), height(), width(), plain_map_, out);
  const uint8_t* pixels = nullptr;
  if (augmentation().crops()) {
    buffer.resize(static_cast<size_t>(height() * width() * 3));
    make_crop(index, *draw, buffer.data());
    pixels = buffer.data();
  } else {
    pixels = whole(index, buffer);
  }
  const DrawnAugmentation drawn = draw_augmentation(transform_.augmentation, *draw, index, height(), width());
  const PixelMap map = pixel_map(transform_.scaling, drawn);
  if (drawn.warps) {
    warp_pixels(pixels, height(), width(), drawn.affine, map, out);
  } else {
    convert_pixels(pixels, height(), width(), map, out);
  }
}

at::Tensor ImageDataset::targets(std::span<const int64_t> index) const {
  at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
  int64_t* out = targets.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i < index.size(); ++i) out[i] = labels_[static_cast<size_t>(index[i])];
  return targets;
}

void ImageDataset::fill_cache(int threads, const std::string& what) const {
  if (!cache_.enabled()) return;
  for_each_with_progress(what, size(), threads, [&](int64_t index) {
    std::vector<uint8_t> unused;
    cache_.get(index, unused, [&](uint8_t* place) { make_pixels(index, place); });
  });
}

}  // namespace hpcai::data
