#pragma once

#include <memory>
#include <vector>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Some samples of another data set, in any order.
class Subset : public Dataset {
 public:
  // `rows`: positions in `base`. Throws std::out_of_range for a position outside.
  Subset(std::shared_ptr<const Dataset> base, std::vector<int64_t> rows);

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  std::string id(int64_t index) const override { return base_->id(row(index)); }
  std::string where(int64_t index) const override { return base_->where(row(index)); }
  // Augmentation depends on the sample's number in `base`: a sample is changed alike in all subsets.
  void read(int64_t index, const Draw* draw, float* out) const override { base_->read(row(index), draw, out); }
  at::Tensor targets(std::span<const int64_t> index) const override;
  void hash_content(int64_t index, Sha256& hash) const override { base_->hash_content(row(index), hash); }

 private:
  int64_t row(int64_t index) const { return rows_[static_cast<size_t>(index)]; }

  std::shared_ptr<const Dataset> base_;
  std::vector<int64_t> rows_;
};

}  // namespace hpcai::data
