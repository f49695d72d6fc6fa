#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/image_set.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/warp.h"

namespace hpcai::data {

// What every sample of colour images looks like.
SampleSpec image_spec(int64_t height, int64_t width, std::vector<std::string> class_names, PixelScaling scaling,
                      std::vector<std::string> target_names = {});

// The data set of a set of images: bytes scaled to the network's input and, where a draw is given, changed at random.
class AugmentedImages : public Dataset {
 public:
  AugmentedImages(std::unique_ptr<const ImageSet> images, const ImageTransformConfig& transform);

  int64_t size() const override { return images_->size(); }
  std::string id(int64_t index) const override { return images_->id(index); }
  std::string where(int64_t index) const override { return images_->where(index); }
  void read(int64_t index, const Draw* draw, float* out) const override;
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override;
  bool is_channels_last() const override { return true; }
  at::Tensor targets(std::span<const int64_t> index) const override;
  void hash_content(int64_t index, Sha256& hash) const override { images_->hash_content(index, hash); }
  std::string incomplete(int64_t index) const override { return images_->incomplete(index); }
  std::string enlarged(int64_t index) const override { return images_->enlarged(index); }

 private:
  void read_as(PixelOrder order, int64_t index, const Draw* draw, float* out) const;
  void change_geometry(const uint8_t* pixels, const DrawnAugmentation& drawn, const PixelMap& map, PixelOrder order,
                       float* out) const;
  const uint8_t* crop(int64_t index, const Draw& draw, std::vector<uint8_t>& buffer) const;
  void scale_units(int64_t count, float* planes) const;

  std::unique_ptr<const ImageSet> images_;
  ImageTransformConfig transform_;
  PixelMap plain_map_;
};

}  // namespace hpcai::data
