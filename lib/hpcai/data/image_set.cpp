#include "hpcai/data/image_set.h"

#include <stdexcept>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

ImageSet::ImageSet(int64_t height, int64_t width, std::vector<std::string> class_names, std::vector<int64_t> labels)
    : height_(height), width_(width), class_names_(std::move(class_names)), labels_(std::move(labels)) {
  for (const int64_t label : labels_) {
    if (label < kUnlabelled || label >= static_cast<int64_t>(class_names_.size())) {
      throw std::invalid_argument("ImageSet: a label without a class name");
    }
  }
}

const uint8_t* ImageSet::pixels(int64_t index, std::vector<uint8_t>& buffer) const {
  buffer.resize(static_cast<size_t>(image_size()));
  make_pixels(index, buffer.data());
  return buffer.data();
}

}  // namespace hpcai::data
