#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Some samples of another data set, with labels from elsewhere, such as those that a network has given. Where the other has soft
// labels (class_targets.h), these become such.
class Labelled : public Dataset {
 public:
  // Row i is sample chosen[i] of `base` with class labels[i]. Throws std::invalid_argument for numbers out of range.
  Labelled(std::unique_ptr<const Dataset> base, std::vector<int64_t> chosen, std::vector<int64_t> labels);

  int64_t size() const override { return static_cast<int64_t>(chosen_.size()); }
  std::string id(int64_t index) const override { return base_->id(of(index)); }
  std::string where(int64_t index) const override { return base_->where(of(index)); }
  void read(int64_t index, const Draw* draw, float* out) const override { base_->read(of(index), draw, out); }
  void read_channels_last(int64_t index, const Draw* draw, float* out) const override {
    base_->read_channels_last(of(index), draw, out);
  }
  bool is_channels_last() const override { return base_->is_channels_last(); }
  at::Tensor targets(std::span<const int64_t> index) const override;
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(of(index), hash); }
  std::string incomplete(int64_t index) const override { return base_->incomplete(of(index)); }
  std::string enlarged(int64_t index) const override { return base_->enlarged(of(index)); }

 private:
  int64_t of(int64_t index) const { return chosen_[static_cast<size_t>(index)]; }

  std::unique_ptr<const Dataset> base_;
  std::vector<int64_t> chosen_, labels_;
};

// The samples of `base` that a table names, with its labels: columns id and label, a class name of base's. Throws
// Error{missing_input}; Error{bad_data} with file and line for an id that `base` has not, one named twice, and an unknown label.
std::unique_ptr<Dataset> labelled_by(std::unique_ptr<const Dataset> base, const std::filesystem::path& table);

}  // namespace hpcai::data
