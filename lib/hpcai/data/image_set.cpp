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

void ImageSet::set_truth(std::vector<std::string> target_names, const std::vector<std::vector<float>>& rows) {
  const size_t columns = target_names.empty() ? class_names_.size() : target_names.size();
  if (rows.size() != labels_.size()) throw std::invalid_argument("ImageSet: a truth of another number of images");
  truth_.clear();
  for (const std::vector<float>& row : rows) {
    if (!row.empty() && row.size() != columns) throw std::invalid_argument("ImageSet: a truth of another number of columns");
    truth_.insert(truth_.end(), row.begin(), row.end());
    if (row.empty()) truth_.insert(truth_.end(), columns, kUnknownTarget);
  }
  target_names_ = std::move(target_names);
  truth_size_ = static_cast<int64_t>(columns);
}

const uint8_t* ImageSet::pixels(int64_t index, std::vector<uint8_t>& buffer) const {
  buffer.resize(static_cast<size_t>(image_size()));
  make_pixels(index, buffer.data());
  return buffer.data();
}

}  // namespace hpcai::data
