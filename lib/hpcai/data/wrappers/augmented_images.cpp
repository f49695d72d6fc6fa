#include "hpcai/data/wrappers/augmented_images.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "hpcai/data/photometry.h"

namespace hpcai::data {

SampleSpec image_spec(int64_t height, int64_t width, std::vector<std::string> class_names, PixelScaling scaling,
                      std::vector<std::string> target_names) {
  SampleSpec spec{{3, height, width}, std::move(class_names), std::move(target_names)};
  spec.scaling = config::name_of(scaling);
  return spec;
}

AugmentedImages::AugmentedImages(std::unique_ptr<const ImageSet> images, const ImageTransformConfig& transform)
    : Dataset(image_spec(images->height(), images->width(), images->class_names(), transform.scaling, images->target_names())),
      images_(std::move(images)),
      transform_(transform),
      plain_map_(pixel_map(transform.scaling)) {}

// A random part of the image, resized to the image's size, in `buffer`.
const uint8_t* AugmentedImages::crop(int64_t index, const Draw& draw, std::vector<uint8_t>& buffer) const {
  const int64_t height = images_->height(), width = images_->width();
  const PickBox pick = [&](int64_t rows, int64_t columns) {
    return draw_crop(transform_.augmentation, draw, index, rows, columns);
  };
  buffer.resize(static_cast<size_t>(images_->image_size()));
  if (!images_->make_part(index, pick, buffer.data())) {
    thread_local std::vector<uint8_t> whole;
    resize_box(images_->pixels(index, whole), width, pick(height, width), height, width, buffer.data());
  }
  return buffer.data();
}

void AugmentedImages::read(int64_t index, const Draw* draw, float* out) const { read_as(PixelOrder::planes, index, draw, out); }

void AugmentedImages::read_channels_last(int64_t index, const Draw* draw, float* out) const {
  read_as(PixelOrder::interleaved, index, draw, out);
}

void AugmentedImages::read_as(PixelOrder order, int64_t index, const Draw* draw, float* out) const {
  thread_local std::vector<uint8_t> buffer;
  const int64_t height = images_->height(), width = images_->width();
  if (draw == nullptr) return convert_pixels(images_->pixels(index, buffer), height, width, plain_map_, out, order);
  const bool crops = transform_.augmentation.crops();
  const uint8_t* pixels = crops ? crop(index, *draw, buffer) : images_->pixels(index, buffer);
  const DrawnAugmentation drawn = draw_augmentation(transform_.augmentation, *draw, index, height, width);
  const DrawnPhotometry photometry = draw_photometry(transform_.augmentation, *draw, index);
  if (!photometry.changes) return change_geometry(pixels, drawn, pixel_map(transform_.scaling, drawn), order, out);
  thread_local std::vector<float> planes;  // photometry works on planes
  planes.resize(static_cast<size_t>(input_size()));
  float* changed = order == PixelOrder::planes ? out : planes.data();
  change_geometry(pixels, drawn, pixel_map(PixelScaling::unit, drawn), PixelOrder::planes, changed);
  apply_photometry(photometry, *draw, index, height, width, changed);
  scale_units(height * width, changed);
  if (order == PixelOrder::interleaved) interleave(changed, height, width, out);
}

void AugmentedImages::change_geometry(const uint8_t* pixels, const DrawnAugmentation& drawn, const PixelMap& map,
                                      PixelOrder order, float* out) const {
  if (drawn.warps) {
    warp_pixels(pixels, images_->height(), images_->width(), drawn.affine, map, out, order);
  } else {
    convert_pixels(pixels, images_->height(), images_->width(), map, out, order);
  }
}

// Planes of 0 .. 1 -> the network's input, in place.
void AugmentedImages::scale_units(int64_t count, float* planes) const {
  for (size_t c = 0; c < 3; ++c, planes += count) {
    for (int64_t i = 0; i < count; ++i) planes[i] = 255 * plain_map_.scale[c] * planes[i] + plain_map_.offset[c];
  }
}

at::Tensor AugmentedImages::targets(std::span<const int64_t> index) const {
  if (const int64_t columns = images_->truth_size(); columns > 0) {
    at::Tensor targets = at::empty({static_cast<int64_t>(index.size()), columns}, at::kFloat);
    float* out = targets.mutable_data_ptr<float>();
    for (const int64_t i : index) out = std::ranges::copy(images_->truth(i), out).out;
    return targets;
  }
  at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
  int64_t* out = targets.mutable_data_ptr<int64_t>();
  for (const int64_t i : index) *out++ = images_->label(i);
  return targets;
}

}  // namespace hpcai::data
