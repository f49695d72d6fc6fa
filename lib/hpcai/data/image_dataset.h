#pragma once

#include <vector>

#include "hpcai/data/cache.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/warp.h"

namespace hpcai::data {

// What every sample of colour images looks like.
SampleSpec image_spec(int64_t height, int64_t width, std::vector<std::string> class_names, PixelScaling scaling);

// Labelled colour images of one size: what all sources of images have in common. A source says how the bytes of one
// image come about.
class ImageDataset : public Dataset {
 public:
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  void read(int64_t index, const Draw* draw, float* out) const override;
  at::Tensor targets(std::span<const int64_t> index) const override;

  // Makes or reads all images that fit into the cache; `threads` share the work. `what` is named in progress messages.
  void fill_cache(int threads, const std::string& what) const;

 protected:
  // Labels must lie within the class names.
  ImageDataset(std::vector<std::string> class_names, std::vector<int64_t> labels, int64_t height, int64_t width, int64_t cache_mb,
               const ImageTransformConfig& transform);

  int64_t height() const { return spec().input_shape[1]; }
  int64_t width() const { return spec().input_shape[2]; }

  // Writes image `index`, [height, width, 3].
  virtual void make_pixels(int64_t index, uint8_t* out) const = 0;
  // Writes a random crop of it, resized to [height, width, 3].
  virtual void make_crop(int64_t index, const Draw& draw, uint8_t* out) const;
  const AugmentationConfig& augmentation() const { return transform_.augmentation; }

 private:
  const uint8_t* whole(int64_t index, std::vector<uint8_t>& buffer) const;

  std::vector<int64_t> labels_;
  ImageTransformConfig transform_;
  PixelMap plain_map_;
  mutable Cache<uint8_t> cache_;
};

}  // namespace hpcai::data
