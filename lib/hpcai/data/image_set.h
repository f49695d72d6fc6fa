#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hpcai/data/image.h"

namespace hpcai {
class Sha256;
}

namespace hpcai::data {

// Picks a rectangle of an image of this size.
using PickBox = std::function<Box(int64_t height, int64_t width)>;

// Labelled colour images of one size, as bytes: what a source of images makes. Wrappers make a data set of it:
//   AugmentedImages(cached(images, cache_mb), transform)
// All functions may be called from several threads at once.
class ImageSet {
 public:
  // Throws std::invalid_argument for a label that is neither kUnlabelled nor the position of a class name.
  ImageSet(int64_t height, int64_t width, std::vector<std::string> class_names, std::vector<int64_t> labels);
  virtual ~ImageSet() = default;
  ImageSet& operator=(const ImageSet&) = delete;

  int64_t size() const { return static_cast<int64_t>(labels_.size()); }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t image_size() const { return height_ * width_ * 3; }  // bytes of one image
  const std::vector<std::string>& class_names() const { return class_names_; }
  int64_t label(int64_t index) const { return labels_[static_cast<size_t>(index)]; }
  // The truth in numbers, where the images have such in place of labels: votes for the answers target_names(), or, without these,
  // a probability for each class. truth_size(): the numbers of an image; 0 for images with labels.
  const std::vector<std::string>& target_names() const { return target_names_; }
  int64_t truth_size() const { return truth_size_; }
  std::span<const float> truth(int64_t index) const {
    return std::span(truth_).subspan(static_cast<size_t>(index * truth_size_), static_cast<size_t>(truth_size_));
  }

  // As of Dataset.
  virtual std::string id(int64_t index) const = 0;
  virtual std::string where(int64_t index) const = 0;
  virtual void hash_content(int64_t /*index*/, Sha256& /*hash*/) const {}
  virtual std::string incomplete(int64_t /*index*/) const { return ""; }
  virtual std::string enlarged(int64_t /*index*/) const { return ""; }

  // Writes image `index`, [height, width, 3]. Throws Error{bad_data} that starts with where(index).
  virtual void make_pixels(int64_t index, uint8_t* out) const = 0;
  // The same, without a copy where the image lies in memory; `buffer` holds it elsewhere. The pointer is good as long as the set
  // and the buffer are.
  virtual const uint8_t* pixels(int64_t index, std::vector<uint8_t>& buffer) const;
  // Writes a part of the image, resized to [height, width, 3], where the source has the image in more detail than make_pixels()
  // gives it: `pick` is told that size. Otherwise it returns false, and a part is as good when it is taken from pixels().
  virtual bool make_part(int64_t /*index*/, const PickBox& /*pick*/, uint8_t* /*out*/) const { return false; }

 protected:
  ImageSet(const ImageSet&) = default;  // for wrappers: size, classes, labels and truth of what they wrap

  // Gives the images a truth in numbers: votes for `target_names`, or without names probabilities of the classes. `rows`: those
  // of each image; empty where they are not known, which become NaN. Throws std::invalid_argument for another number of rows or
  // of numbers.
  void set_truth(std::vector<std::string> target_names, const std::vector<std::vector<float>>& rows);

 private:
  int64_t height_;
  int64_t width_;
  std::vector<std::string> class_names_;
  std::vector<int64_t> labels_;
  std::vector<std::string> target_names_;
  int64_t truth_size_ = 0;
  std::vector<float> truth_;  // [size, truth_size]
};

}  // namespace hpcai::data
